# Serves the snippet beside it. As a server of Rack does, but Ruby brings none.
require "json"
require "socket"
require "stringio"
require_relative "snippet"

def env_of(connection)
  connection.gets
  env = {}
  while (line = connection.gets.chomp) != ""
    name, value = line.split(/:\s*/, 2)
    env["HTTP_#{name.upcase.tr("-", "_")}"] = value
  end
  body = connection.read(env.fetch("HTTP_CONTENT_LENGTH", "0").to_i)
  env.merge("rack.input" => StringIO.new(body))
end

server = TCPServer.new("127.0.0.1", 0)
puts JSON.generate(listening: server.addr[1])
$stdout.flush
loop do
  connection = server.accept
  status, = begin
    RECEIVE.call(env_of(connection))
  rescue StandardError => e
    warn e.full_message
    [500, {}, []]
  end
  connection.write("HTTP/1.1 #{status} -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
  connection.close
end
