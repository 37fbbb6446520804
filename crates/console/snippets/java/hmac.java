import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

class WebhookReceiver {
    static final byte[] SECRET = System.getenv("WEBHOOK_SECRET").getBytes(StandardCharsets.UTF_8);

    // The body is the bytes that arrived, before any parser touched them.
    static boolean verify(Headers headers, byte[] body) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(SECRET, "HmacSHA256"));
        byte[] expected = HexFormat.of().formatHex(mac.doFinal(body)).getBytes(StandardCharsets.UTF_8);
        // While a rotation of the key overlaps, the second header holds the signature of the new one.
        return Stream.of("{{signature_header}}", "{{next_signature_header}}")
                .filter(headers::containsKey)
                .map(name -> headers.getFirst(name).getBytes(StandardCharsets.UTF_8))
                .anyMatch(given -> MessageDigest.isEqual(given, expected));
    }

    // For HttpServer.createContext.
    static void receive(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(verify(exchange.getRequestHeaders(), body) ? 204 : 401, -1);
        } catch (GeneralSecurityException noHmac) {
            throw new IOException(noHmac);
        }
    }
}
