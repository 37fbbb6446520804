<?php

// composer require standard-webhooks/standard-webhooks
require __DIR__ . '/vendor/autoload.php';

// The body is the string that arrived, before any parser touched it. The headers are those of $_SERVER.
function verify(array $server, string $body): bool
{
    $secret = getenv('WEBHOOK_SECRET') ?: throw new RuntimeException('WEBHOOK_SECRET is not set');
    try {
        (new StandardWebhooks\Webhook($secret))->verify($body, [
            'webhook-id' => $server['HTTP_WEBHOOK_ID'] ?? '',
            'webhook-timestamp' => $server['HTTP_WEBHOOK_TIMESTAMP'] ?? '',
            'webhook-signature' => $server['HTTP_WEBHOOK_SIGNATURE'] ?? '',
        ]);
        return true;
    } catch (StandardWebhooks\Exception\WebhookVerificationException) {
        return false;
    }
}

$body = file_get_contents('php://input');
if (!verify($_SERVER, $body)) {
    http_response_code(401);
    exit;
}
http_response_code(204);
$event = json_decode($body);
