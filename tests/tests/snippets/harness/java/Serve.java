import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;

/** Serves the snippet beside it. */
public class Serve {
    public static void main(String[] arguments) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", exchange -> WebhookReceiver.receive(exchange));
        server.start();
        System.out.println("{\"listening\":" + server.getAddress().getPort() + "}");
    }
}
