<?php

// The front door of a new project, with the Laravel that Debian packages in place of Composer's.
require 'Illuminate/autoload.php';

$root = dirname(__DIR__);
spl_autoload_register(function (string $class) use ($root): void {
    $file = $root . '/' . lcfirst(str_replace('\\', '/', $class)) . '.php';
    if (str_starts_with($class, 'App\\') && is_file($file)) {
        require $file;
    }
});

$app = new Illuminate\Foundation\Application($root);
$app->singleton(Illuminate\Contracts\Http\Kernel::class, App\Http\Kernel::class);
$app->singleton(Illuminate\Contracts\Debug\ExceptionHandler::class, Illuminate\Foundation\Exceptions\Handler::class);

$kernel = $app->make(Illuminate\Contracts\Http\Kernel::class);
$request = Illuminate\Http\Request::capture();
$response = $kernel->handle($request);
$response->send();
$kernel->terminate($request, $response);
