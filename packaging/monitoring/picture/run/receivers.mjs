// The receivers of a run, each with a character of its own, and a mail server.
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

// What a path responds, and after how long. `share` is a random number from 0 to 1.
const BEHAVIOURS = {
  "/quick": (share) => ({ after_ms: 3 + 30 * share, status: 200 }),
  "/steady": (share) => ({ after_ms: 60 + 190 * share ** 2, status: 204 }),
  "/slow": (share) => ({ after_ms: 300 + 1_500 * share ** 3, status: 200 }),
  "/flaky": (share) => ({ after_ms: 20 + 80 * share, status: share < 0.08 ? 503 : 200 }),
  "/broken": (share) => ({ after_ms: 10 + 20 * share, status: 500 }),
  "/gone": () => ({ after_ms: 5, status: 410 }),
  // Longer than the timeout of its action.
  "/silent": () => ({ after_ms: 8_000, status: 200 }),
};

async function respond(request, response) {
  request.resume();
  await once(request, "end");
  const { after_ms, status } = BEHAVIOURS[request.url](Math.random());
  await sleep(after_ms, undefined, { ref: false });
  response.writeHead(status).end();
}

// A server that can go away, so that connections are refused, and come back on the same port.
class Outable {
  constructor(create) {
    this.create = create;
    this.port = 0;
  }

  async comeBack() {
    this.sockets = new Set();
    this.server = this.create();
    this.server.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.once("close", () => this.sockets.delete(socket)).on("error", () => {});
    });
    this.server.listen(this.port, "127.0.0.1");
    await once(this.server, "listening");
    this.port = this.server.address().port;
  }

  goAway() {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

export async function startReceiver() {
  const serve = (request, response) => respond(request, response).catch(() => response.destroy());
  const receiver = new Outable(() => createHttpServer(serve));
  await receiver.comeBack();
  return receiver;
}

export async function startMailServer() {
  const server = new Outable(() => createTcpServer(converse));
  await server.comeBack();
  return server;
}

// As much of SMTP as it takes to accept every message.
function converse(socket) {
  let isData = false;
  let rest = "";
  socket.setEncoding("utf8").write("220 mail.example.com\r\n");
  socket.on("data", (text) => {
    const lines = (rest + text).split("\r\n");
    rest = lines.pop();
    for (const line of lines) {
      if (isData && line !== ".") continue;
      isData = line === "DATA";
      socket.write(isData ? "354 go on\r\n" : line.startsWith("QUIT") ? "221 bye\r\n" : "250 ok\r\n");
    }
  });
}
