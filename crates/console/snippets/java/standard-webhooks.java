// Maven or Gradle: com.standardwebhooks:standardwebhooks:1.1.1
import com.standardwebhooks.Webhook;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

class WebhookReceiver {
    static final String SECRET = Objects.requireNonNull(System.getenv("WEBHOOK_SECRET"), "WEBHOOK_SECRET");

    // The body is the bytes that arrived, before any parser touched them.
    static boolean verify(Headers headers, byte[] body) {
        try {
            String payload = new String(body, StandardCharsets.UTF_8);
            new Webhook(SECRET).verify(payload, HttpHeaders.of(headers, (name, value) -> true));
            return true;
        } catch (Exception refused) {
            return false;
        }
    }

    // For HttpServer.createContext.
    static void receive(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(verify(exchange.getRequestHeaders(), body) ? 204 : 401, -1);
        }
    }
}
