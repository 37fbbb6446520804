// Serves the snippet beside it.
var builder = WebApplication.CreateBuilder();
builder.Logging.ClearProviders();
var app = builder.Build();
app.Urls.Add("http://127.0.0.1:0");
app.MapPost("/", WebhookReceiver.Receive);
await app.StartAsync();
Console.WriteLine($"{{\"listening\":{new Uri(app.Urls.First()).Port}}}");
await app.WaitForShutdownAsync();
