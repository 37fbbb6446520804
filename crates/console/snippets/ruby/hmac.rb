require "openssl"

# The body is the bytes that arrived, before any parser touched them: in Rails, request.raw_post and request.env.
def verify(env, body)
  expected = OpenSSL::HMAC.hexdigest("SHA256", ENV.fetch("WEBHOOK_SECRET"), body)
  # While a rotation of the key overlaps, the second header holds the signature of the new one.
  ["{{signature_header_cgi}}", "{{next_signature_header_cgi}}"].any? do |name|
    OpenSSL.secure_compare(env.fetch(name, ""), expected)
  end
end

# For `run` in a config.ru of Rack.
RECEIVE = lambda do |env|
  body = env["rack.input"].read
  next [401, {}, []] unless verify(env, body)

  [204, {}, []]
end
