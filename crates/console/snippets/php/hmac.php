<?php

// The body is the string that arrived, before any parser touched it. The headers are those of $_SERVER.
function verify(array $server, string $body): bool
{
    $secret = getenv('WEBHOOK_SECRET') ?: throw new RuntimeException('WEBHOOK_SECRET is not set');
    $expected = hash_hmac('sha256', $body, $secret);
    // While a rotation of the key overlaps, the second header holds the signature of the new one.
    foreach (['{{signature_header_cgi}}', '{{next_signature_header_cgi}}'] as $name) {
        if (hash_equals($expected, $server[$name] ?? '')) {
            return true;
        }
    }
    return false;
}

$body = file_get_contents('php://input');
if (!verify($_SERVER, $body)) {
    http_response_code(401);
    exit;
}
http_response_code(204);
$event = json_decode($body);
