// RunPod's own JavaScript SDK, unmodified, against Tallyman: only the base URL is changed.
// Run with: TALLY_TEST_API=http://127.0.0.1:8080 node --test sdk.test.mjs
import assert from "node:assert/strict";
import test from "node:test";
import runpodSdk from "runpod-sdk";

const sdk = runpodSdk("any-key", { baseUrl: `${process.env.TALLY_TEST_API}/v2` });
const endpoint = sdk.endpoint("default");

async function ended(id) {
  for (;;) {
    const status = await endpoint.statusSync(id, 10000);
    if (status.completed) return status;
  }
}

test("run answers with an id, and status follows the job to its end", async () => {
  const { id, status } = await endpoint.run({ input: { name: "Ada" } });
  assert.match(id, /^[A-Za-z0-9_-]+$/);
  assert.equal(status, "IN_QUEUE");
  const first = await endpoint.status(id);
  assert.equal(first.id, id);
  assert.equal(first.started, true);
  const end = await ended(id);
  assert.equal(end.status, "COMPLETED");
  assert.equal(end.succeeded, true);
  assert.deepEqual(end.output, { greeting: "Hello, Ada!" });
  for (const key of ["delayTime", "executionTime"]) assert.equal(typeof end[key], "number", key);
  assert.equal(typeof end.workerId, "string");
});

test("runSync answers with the result", async () => {
  const end = await endpoint.runSync({ input: { name: "Bob" } }, 30000);
  assert.equal(end.status, "COMPLETED");
  assert.equal(end.completed, true);
  assert.deepEqual(end.output, { greeting: "Hello, Bob!" });
});

test("runSync follows a job that takes longer than the first wait", async () => {
  const end = await endpoint.runSync({ input: { name: "Eve", sleep: 2 } }, 1500);
  // The SDK gives up after its own timeout, or has the result: both without an exception.
  assert.equal(end.started, true);
  assert.ok(["IN_QUEUE", "IN_PROGRESS", "COMPLETED"].includes(end.status), end.status);
});

test("a failure is a status, not an exception", async () => {
  const end = await endpoint.runSync({ input: { fail: true } }, 30000);
  assert.equal(end.status, "FAILED");
  assert.equal(end.succeeded, false);
  assert.equal(typeof end.error, "string");
});

test("cancel ends a running job", async () => {
  const { id } = await endpoint.run({ input: { sleep: 60 } });
  const answer = await endpoint.cancel(id);
  assert.equal(answer.id, id);
  assert.equal(answer.status, "CANCELLED");
  assert.equal((await endpoint.status(id)).status, "CANCELLED");
});

test("health counts jobs and workers", async () => {
  const { jobs, workers } = await endpoint.health();
  for (const key of ["completed", "failed", "inProgress", "inQueue", "retried"]) {
    assert.equal(typeof jobs[key], "number", key);
  }
  for (const key of ["idle", "initializing", "ready", "running", "throttled"]) {
    assert.equal(typeof workers[key], "number", key);
  }
  assert.ok(jobs.completed >= 2);
});

test("an unknown job is an error with status 404", async () => {
  await assert.rejects(endpoint.status("no-such-job"), (e) => e.response.status === 404);
});
