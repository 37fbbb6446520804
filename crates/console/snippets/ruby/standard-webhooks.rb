# gem install standardwebhooks
require "standardwebhooks"

# The body is the bytes that arrived, before any parser touched them: in Rails, request.raw_post and request.env.
def verify(env, body)
  headers = %w[id timestamp signature].to_h { |name| ["webhook-#{name}", env["HTTP_WEBHOOK_#{name.upcase}"]] }
  StandardWebhooks::Webhook.new(ENV.fetch("WEBHOOK_SECRET")).verify(body, headers)
  true
rescue StandardWebhooks::WebhookVerificationError
  false
end

# For `run` in a config.ru of Rack.
RECEIVE = lambda do |env|
  body = env["rack.input"].read
  next [401, {}, []] unless verify(env, body)

  [204, {}, []]
end
