// Reads the test reports of all modules: fails when a test was skipped or an expected one is absent.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, existsSync } from "node:fs";

const demanded = [
  "BadInputIT",
  "ApiIT",
  "StateProcessorIT",
  "MirrorIT",
  "JobViewsIT",
  "DockerRuntimeIT",
  "ProcessRuntimeIT",
  "RunnerIT",
  "WebhookDispatcherIT",
  "KafkaContainerIT",
  "DevIT",
  "SdkIT",
  "ServicesIT",
  "LateNeighboursIT",
  "SlowNeighboursIT",
  "KilledRunIT",
  "DispatcherCrashIT",
  "WebhookLoadIT",
  "NeighboursIT",
  "BadRecordsIT",
  "UpgradeIT",
  "RedeliveryIT",
  "SamplesIT",
  "ComplaintsIT",
  "ChaosIT",
  "ClockJumpIT",
  "AdoptionIT",
  "DrainIT",
  "EngineTroubleIT",
  "OverflowIT",
  "TlsReceiversIT",
  "BacklogIT",
  "BrokerTroubleIT",
  "CrashesIT",
  "TopicSetupIT",
];
// Without history, as in a shallow clone, there is no previous version to build.
const previous = readFileSync("system-tests/src/test/resources/previous-version", "utf8").trim();
const hasPrevious = spawnSync("git", ["cat-file", "-e", previous]).status === 0;
if (!hasPrevious) console.error(`UPGRADES ARE NOT TESTED: this clone does not have commit ${previous}`);
const seen = new Set();
let tests = 0;
let skipped = 0;
for (const module of readdirSync(".", { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  for (const kind of ["surefire-reports", "failsafe-reports"]) {
    const folder = `${module.name}/target/${kind}`;
    if (!existsSync(folder)) continue;
    for (const file of readdirSync(folder).filter((name) => /^TEST-.*\.xml$/.test(name))) {
      const suite = readFileSync(`${folder}/${file}`, "utf8").match(/<testsuite\b[^>]*>/s)[0];
      const number = (name) => Number(suite.match(new RegExp(`\\b${name}="(\\d+)"`))[1]);
      tests += number("tests");
      if (number("skipped") > 0 && (hasPrevious || !file.includes("UpgradeIT"))) {
        skipped += number("skipped");
        console.error(`skipped ${number("skipped")} in ${file}`);
      }
      if (number("tests") > 0) seen.add(file.replace(/^TEST-.*\.(\w+)\.xml$/, "$1"));
    }
  }
}
const absent = demanded.filter((name) => !seen.has(name));
console.log(`${tests} tests, ${skipped} skipped`);
if (absent.length) console.error(`did not run: ${absent.join(", ")}`);
process.exit(skipped || absent.length ? 1 : 0);
