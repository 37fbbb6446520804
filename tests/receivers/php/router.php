<?php
// Checks every delivery in each of the ways that a receiver written in PHP would, and prints one verdict a line.
// Run by `php -S 127.0.0.1:0 router.php`. There is no re-serialising in PHP that agrees with any of the body styles,
// so it signs what it received; the Standard Webhooks signature is checked with nothing but hash_hmac.
//
// POSTRIDER_TEST_SECRETS holds the signing keys to check with, separated by commas.

declare(strict_types=1);

const TOLERANCE_S = 300;

function signs(string $secret, string $raw, ?string $signature): bool
{
    return $signature !== null && hash_equals(hash_hmac('sha256', $raw, $secret), $signature);
}

function standard_webhooks_verifies(string $secret, string $raw): bool
{
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (abs(time() - (int) $timestamp) > TOLERANCE_S) {
        return false;
    }
    $key = base64_decode(substr($secret, strlen('whsec_')), true);
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$raw", $key, true));
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $token) {
        if (hash_equals($expected, $token)) {
            return true;
        }
    }
    return false;
}

$secrets = explode(',', getenv('POSTRIDER_TEST_SECRETS'));
$raw = file_get_contents('php://input');
$current = $_SERVER['HTTP_POSTRIDER_SIGNATURE'] ?? null;
$next = $_SERVER['HTTP_POSTRIDER_SIGNATURE_NEXT'] ?? null;
$verdict = [
    'path' => $_SERVER['REQUEST_URI'],
    'event_id' => $_SERVER['HTTP_WEBHOOK_ID'] ?? null,
    'delivery_id' => $_SERVER['HTTP_POSTRIDER_DELIVERY_ID'] ?? null,
    'attempt' => (int) ($_SERVER['HTTP_POSTRIDER_ATTEMPT'] ?? 0),
    'raw' => array_map(fn ($secret) => signs($secret, $raw, $current), $secrets),
    'raw_next' => array_map(fn ($secret) => signs($secret, $raw, $next), $secrets),
    'library' => array_map(fn ($secret) => standard_webhooks_verifies($secret, $raw), $secrets),
    'body' => base64_encode($raw),
];
file_put_contents('php://stdout', json_encode($verdict, JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR) . "\n");
http_response_code(204);
