// Serves the snippet beside it.
import { createServer } from "node:http";
import { receive } from "./snippet.mjs";

const server = createServer(receive);
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ listening: server.address().port })));
