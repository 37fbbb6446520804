/** Client for Postrider: report events, manage automations, verify webhooks. */

export { BatchSender, type QueuedEvent, type SenderOptions } from "./batch-sender.js";
export { Postrider } from "./client.js";
export { type ClientCode, PostriderError } from "./errors.js";
export { newEventId } from "./event-id.js";
export type * from "./generated/openapi.js";
export { List, type Page } from "./pages.js";
export type { EventOptions } from "./resources/events.js";
export type { CallOptions, ClientOptions } from "./transport.js";
export { VERSION } from "./version.js";
export {
  type VerifyOptions,
  type WebhookEvent,
  type WebhookHeaders,
  WebhookVerificationError,
  verifyPostriderSignature,
  verifyWebhook,
} from "./webhooks.js";
