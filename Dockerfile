# Builds Tallyman and packs it with a Java runtime; the command is `tally`, as a user without rights.
FROM maven:3.9-eclipse-temurin-25 AS build
WORKDIR /src
COPY . .
RUN mvn -B -q package -Dmaven.test.skip=true -pl cli -am

FROM eclipse-temurin:25-jre
RUN useradd --system --uid 10001 --create-home tally \
    && mkdir -p /var/lib/tallyman && chown tally /var/lib/tallyman
WORKDIR /opt/tallyman
COPY --from=build /src/tally ./
COPY --from=build /src/cli/target/tally.jar ./cli/target/
COPY --from=build /src/cli/target/lib ./cli/target/lib
ENV PATH=/opt/tallyman:$PATH
USER tally
ENTRYPOINT ["tally"]
