using System.Security.Cryptography;
using System.Text;

public static class WebhookReceiver
{
    static readonly byte[] Secret = Encoding.UTF8.GetBytes(Environment.GetEnvironmentVariable("WEBHOOK_SECRET")!);

    // The body is the bytes that arrived, before any parser touched them.
    public static bool Verify(IHeaderDictionary headers, byte[] body)
    {
        var hex = Convert.ToHexString(HMACSHA256.HashData(Secret, body)).ToLowerInvariant();
        var expected = Encoding.ASCII.GetBytes(hex);
        // While a rotation of the key overlaps, the second header holds the signature of the new one.
        return new[] { "{{signature_header}}", "{{next_signature_header}}" }.Any(name =>
            CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(headers[name].ToString()), expected));
    }

    // app.MapPost("/webhooks", WebhookReceiver.Receive);
    public static async Task<IResult> Receive(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        return Verify(request.Headers, body.ToArray()) ? Results.NoContent() : Results.Unauthorized();
    }
}
