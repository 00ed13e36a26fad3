/**
 * A worker with a server that says all it has to say right behind its answer, and tells its port. On a thread
 * of its own, as the messages arrive together with the answer only if the client is not busy sending them.
 *
 * @module
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

const server = createServer();
new WebSocketServer({ server }).on("connection", (socket) => {
  for (const number of [0, 1]) socket.send(new Uint8Array([number, number]));
  socket.close();
});
server.listen(0, "127.0.0.1", () => {
  (self as unknown as Worker).postMessage((server.address() as AddressInfo).port);
});
