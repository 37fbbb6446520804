<?php

return ['webhooks' => ['secret' => env('WEBHOOK_SECRET')]];
