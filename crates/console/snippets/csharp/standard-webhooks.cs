// dotnet add package StandardWebhooks --version 1.1.2
using System.Text;
using StandardWebhooks;
using StandardWebhooks.Diagnostics;

public static class WebhookReceiver
{
    static readonly StandardWebhook Webhook = new(Environment.GetEnvironmentVariable("WEBHOOK_SECRET")!);

    // The body is the bytes that arrived, before any parser touched them.
    public static bool Verify(IHeaderDictionary headers, byte[] body)
    {
        // While a rotation of the key overlaps there are two tokens, and this package may look at the first alone.
        return headers["webhook-signature"].ToString().Split(' ').Any(token =>
        {
            var single = new HeaderDictionary
            {
                ["webhook-id"] = headers["webhook-id"],
                ["webhook-timestamp"] = headers["webhook-timestamp"],
                ["webhook-signature"] = token,
            };
            try { Webhook.Verify(Encoding.UTF8.GetString(body), single); return true; }
            catch (WebhookVerificationException) { return false; }
        });
    }

    // app.MapPost("/webhooks", WebhookReceiver.Receive);
    public static async Task<IResult> Receive(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        return Verify(request.Headers, body.ToArray()) ? Results.NoContent() : Results.Unauthorized();
    }
}
