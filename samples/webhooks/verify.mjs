// Verifies a webhook of Tallyman with the official library of Standard Webhooks: npm install standardwebhooks
//
// WEBHOOK_SECRET=whsec_... node verify.mjs WEBHOOK_ID WEBHOOK_TIMESTAMP WEBHOOK_SIGNATURE < body
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const [id, timestamp, signature] = process.argv.slice(2);
try {
  new Webhook(process.env.WEBHOOK_SECRET).verify(readFileSync(0), {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signature,
  });
  console.log("verified");
} catch (e) {
  console.error(`refused: ${e.message}`);
  process.exit(1);
}
