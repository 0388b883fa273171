package io.tallyman.system;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.tallyman.schemas.job.JobEvent;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The laws of the house. A broken one names the class, the reason and the way out. */
class ArchitectureTest {

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.tallyman");

  private static final List<String> SERVICES =
      List.of(
          "io.tallyman.api..",
          "io.tallyman.processor..",
          "io.tallyman.runner..",
          "io.tallyman.webhooks..");

  /** Where time and randomness come in, to be handed on as arguments. */
  private static final String COMPOSITION_ROOTS =
      "io\\.tallyman\\.(api\\.Api|processor\\.StateProcessor|runner\\.Runner"
          + "|webhooks\\.WebhookDispatcher|cli\\..*)";

  /**
   * A library, and the packages that may know it: those named after what they hide.
   *
   * @param library packages of the library
   * @param hiddenIn packages that may use it
   */
  record Technology(String library, List<String> hiddenIn) {

    Technology(String library, String... hiddenIn) {
      this(library, List.of(hiddenIn));
    }

    @Override
    public String toString() {
      return library;
    }
  }

  /**
   * A class that a law leaves alone.
   *
   * @param library of the law {@code shouldHideEachTechnology}
   * @param owner full name of the class
   * @param why it is safe
   */
  private record Exemption(String library, String owner, String why) {}

  private static final List<Technology> TECHNOLOGIES =
      List.of(
          new Technology("org.apache.kafka..", "..kafka..", "..topology..", "io.tallyman.embedded"),
          new Technology("kafka..", "io.tallyman.embedded"),
          new Technology("redis.clients..", "..redis.."),
          new Technology("redis.embedded..", "io.tallyman.embedded"),
          new Technology("org.rocksdb..", "..rocksdb..", "..topology.."),
          new Technology("com.github.dockerjava..", "..docker.."),
          new Technology("io.javalin..", "..http.."),
          new Technology("org.eclipse.jetty..", "..http.."),
          new Technology("jakarta.servlet..", "..http.."),
          new Technology("java.net.http..", "..http.."),
          new Technology("com.sun.net.httpserver..", "..http.."),
          new Technology("org.apache.hc..", "..http.."),
          new Technology("io.github.resilience4j..", "..resilience.."),
          new Technology("io.micrometer..", "..metrics.."),
          new Technology(
              "com.fasterxml.jackson..",
              "io.tallyman.schemas.json",
              "io.tallyman.api.http",
              "io.tallyman.chaos.history",
              "io.tallyman.chaos.json"),
          new Technology("picocli..", "io.tallyman.cli"));

  private static final List<Exemption> EXEMPTIONS =
      List.of(
          new Exemption(
              "com.fasterxml.jackson..",
              "io.tallyman.runtime.endpoints.Endpoints",
              """
              The endpoints file is YAML, which people write; the codec of schemas is for messages,
              which programs write. No type of Jackson leaves the class.
              """),
          new Exemption(
              "redis.clients..",
              "io.tallyman.processor.kafka.Mirror",
              """
              It names the exception alone with which JobViews says that Redis does not answer, to
              tell an outage, which it waits for, from a bug. No call and no other type is used.
              """));

  @Test
  void shouldSeeTheWholeHouse() {
    assertThat(CLASSES.stream().map(JavaClass::getName))
        .contains(
            "io.tallyman.schemas.Topics",
            "io.tallyman.runtime.Variable",
            "io.tallyman.embedded.EmbeddedKafka",
            "io.tallyman.api.Api",
            "io.tallyman.processor.domain.JobDecider",
            "io.tallyman.runner.Runner",
            "io.tallyman.webhooks.WebhookDispatcher",
            "io.tallyman.bench.Benchmark",
            "io.tallyman.chaos.history.History",
            "io.tallyman.cli.Tally");
  }

  @Test
  void shouldKeepTheDomainPure() {
    check(
        classes()
            .that()
            .resideInAPackage("io.tallyman.processor.domain..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                "java..",
                "org.jspecify..",
                "io.tallyman.schemas.job..",
                "io.tallyman.processor.domain..")
            .because(
                "the rules of a job must be replayable anywhere: hand what they need to decide() as"
                    + " an argument, and let topology do what they ask for"));
  }

  @ParameterizedTest
  @MethodSource("technologies")
  void shouldHideEachTechnology(Technology technology) {
    check(
        noClasses()
            .that(
                DescribedPredicate.not(
                    resideInAnyPackage(technology.hiddenIn().toArray(String[]::new))
                        .or(exempt(technology))))
            .should()
            .dependOnClassesThat(resideInAPackage(technology.library()))
            .allowEmptyShould(true)
            .because(
                "a package is named after the technology it hides: move the code to one of %s, or"
                        .formatted(technology.hiddenIn())
                    + " hand in a type of ours"));
  }

  @Test
  void shouldLetTheServicesMeetOnTopicsAlone() {
    for (var service : SERVICES) {
      var others = SERVICES.stream().filter(other -> !other.equals(service));
      check(
          noClasses()
              .that()
              .resideInAPackage(service)
              .should()
              .dependOnClassesThat()
              .resideInAnyPackage(
                  Stream.concat(
                          others,
                          Stream.of(
                              "io.tallyman.cli..",
                              "io.tallyman.embedded..",
                              "io.tallyman.bench..",
                              "io.tallyman.chaos.."))
                      .toArray(String[]::new))
              .because(
                  "services are started, stopped and upgraded one by one: what both sides need to"
                      + " know is a message in schemas, what both sides do is in runtime"));
    }
  }

  @Test
  void shouldKeepThePublishedLanguageAtTheBottom() {
    check(
        noClasses()
            .that()
            .resideInAPackage("io.tallyman.schemas..")
            .should()
            .dependOnClassesThat(
                resideInAPackage("io.tallyman..")
                    .and(DescribedPredicate.not(resideInAPackage("io.tallyman.schemas.."))))
            .because("schemas is what others build on: nouns, and nothing that acts"));
    check(
        noClasses()
            .that()
            .resideInAPackage("io.tallyman.runtime..")
            .should()
            .dependOnClassesThat(
                resideInAPackage("io.tallyman..")
                    .and(
                        DescribedPredicate.not(
                            resideInAnyPackage("io.tallyman.schemas..", "io.tallyman.runtime.."))))
            .because("runtime serves every service and knows none"));
  }

  @Test
  void shouldExemptNobodyWhoNeedsItNoMore() {
    assertThat(EXEMPTIONS)
        .allSatisfy(
            exemption ->
                assertThat(CLASSES.get(exemption.owner()).getDirectDependenciesFromSelf())
                    .as(exemption.owner())
                    .anyMatch(
                        it -> resideInAPackage(exemption.library()).test(it.getTargetClass())));
  }

  @Test
  void shouldHaveNoCyclesBetweenPackages() {
    check(
        slices()
            .matching("io.tallyman.(**)")
            .should()
            .beFreeOfCycles()
            .ignoreDependency(
                // Settings name the endpoints file, and the file's durations and sizes are written
                // like those of settings: two halves of one thing, the configuration.
                describe(
                    "Endpoints",
                    it -> it.getName().equals("io.tallyman.runtime.endpoints.Endpoints")),
                describe("Variable", it -> it.getName().equals("io.tallyman.runtime.Variable")))
            .ignoreDependency(
                // The command starts the demo and hands it the running stack, which `dev` and
                // `bench` use as well: the demo is the tail of its command, told in other files.
                resideInAPackage("io.tallyman.cli.demo"),
                describe("Stack", it -> it.getName().equals("io.tallyman.cli.Stack")))
            .because(
                "packages in a cycle can only be read together: move the type that both need into"
                    + " the one below, or hand it in"));
  }

  @Test
  void shouldMarkEveryPackageForNulls() {
    var unmarked =
        packages()
            .filter(it -> !it.isAnnotatedWith("org.jspecify.annotations.NullMarked"))
            .map(JavaPackage::getName);

    assertThat(unmarked)
        .as("packages without @NullMarked: give each a package-info.java that says what lives here")
        .isEmpty();
  }

  @Test
  void shouldLogThroughSlf4jAlone() {
    check(
        NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING.because(
            "there is one log: take a logger of org.slf4j"));
    NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS
        .because("only the cli talks to a terminal: log a fact, or return it to the cli")
        .check(CLASSES.that(DescribedPredicate.not(resideInAPackage("io.tallyman.cli.."))));
  }

  @Test
  void shouldThrowNoGenericExceptions() {
    check(
        NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS.because(
            "nobody can catch just that: throw the most specific exception of the JDK"));
  }

  @Test
  void shouldNeverSleep() {
    check(
        classes()
            .should(
                notAccess(
                    "sleep",
                    access ->
                        access.getName().equals("sleep")
                            && Set.of(Thread.class.getName(), TimeUnit.class.getName())
                                .contains(access.getTargetOwner().getName())))
            .because(
                "a sleep cannot be told to stop early and hides what is waited for: await a"
                    + " condition with a time limit, or use a scheduler"));
  }

  @Test
  void shouldTakeTimeAndRandomnessAsArguments() {
    check(
        classes()
            .that()
            .haveNameNotMatching(COMPOSITION_ROOTS)
            .should(notAccess("a clock or randomness", ArchitectureTest::isClockOrRandomness))
            .because(
                "a test must be able to say what time it is: take a java.time.InstantSource or a"
                    + " supplier, and let the composition root hand it in"));
  }

  @Test
  void shouldMakeEventsInTheDeciderAlone() {
    check(
        classes()
            .that()
            // `bench webhooks` fills the log of a stack that it throws away.
            .haveNameNotMatching(
                "io\\.tallyman\\.(processor\\.domain\\.JobDecider|bench\\.kafka\\.EventWriter)")
            .should(
                notAccess(
                    "the constructor of an event",
                    access ->
                        access.getName().equals("<init>")
                            && access.getTargetOwner().isAssignableTo(JobEvent.class)))
            .because(
                "an event is a decision: send a command, and let JobDecider turn it into an event"
                    + " or a refusal"));
  }

  @Test
  void shouldChangeStateStoresInTheTransactionOfTheirEventsAlone() {
    check(
        noClasses()
            .that()
            .haveNameNotMatching(
                "io\\.tallyman\\.processor\\.topology\\.(DeciderProcessor|Deadlines)")
            .should()
            .dependOnClassesThat(assignableTo("org.apache.kafka.streams.state.KeyValueStore"))
            .because(
                "state that changes elsewhere is not in the log: write a command, and let"
                    + " DeciderProcessor change the state with the events"));
  }

  static List<Technology> technologies() {
    return TECHNOLOGIES;
  }

  private static boolean isClockOrRandomness(JavaAccess<?> access) {
    var owner = access.getTargetOwner();
    return switch (access.getName()) {
      case "now" ->
          isOneOf(
              owner,
              Instant.class,
              LocalDate.class,
              LocalDateTime.class,
              OffsetDateTime.class,
              ZonedDateTime.class);
      case "currentTimeMillis" -> isOneOf(owner, System.class);
      case "system", "systemUTC", "systemDefaultZone" ->
          isOneOf(owner, Clock.class, InstantSource.class);
      case "random" -> isOneOf(owner, Math.class);
      case "randomUUID" -> isOneOf(owner, UUID.class);
      case "current" -> isOneOf(owner, ThreadLocalRandom.class);
      case "<init>" -> owner.isAssignableTo(Random.class);
      default -> false;
    };
  }

  private static boolean isOneOf(JavaClass owner, Class<?>... types) {
    return Stream.of(types).anyMatch(type -> type.getName().equals(owner.getName()));
  }

  private static DescribedPredicate<JavaClass> exempt(Technology technology) {
    return describe(
        "exempt",
        owner ->
            EXEMPTIONS.stream()
                .filter(exemption -> exemption.library().equals(technology.library()))
                .map(Exemption::owner)
                .anyMatch(
                    name ->
                        owner.getName().equals(name) || owner.getName().startsWith(name + "$")));
  }

  private static ArchCondition<JavaClass> notAccess(
      String what, Predicate<JavaAccess<?>> forbidden) {
    return new ArchCondition<>("not access " + what) {
      @Override
      public void check(JavaClass owner, ConditionEvents events) {
        owner.getAccessesFromSelf().stream()
            .filter(forbidden)
            .forEach(
                access ->
                    events.add(SimpleConditionEvent.violated(owner, access.getDescription())));
      }
    };
  }

  private static Stream<JavaPackage> packages() {
    return CLASSES.stream().map(JavaClass::getPackage).distinct();
  }

  private static void check(ArchRule rule) {
    rule.check(CLASSES);
  }
}
