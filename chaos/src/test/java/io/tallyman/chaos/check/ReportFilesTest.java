package io.tallyman.chaos.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.chaos.history.History;
import io.tallyman.chaos.json.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.SAXException;

class ReportFilesTest {

  @TempDir Path folder;

  @Test
  void shouldJudgeAnOldFolderAgainAndSayTheSame() {
    // given
    var made = GoodHistory.of(3);
    CheckerBenchmark.write(folder, made);

    // when
    var report = Checker.check(History.read(folder));

    // then
    assertThat(report).isEqualTo(Checker.check(made));
  }

  @Test
  void shouldWriteWhatProgramsNeed() throws IOException {
    // given
    var history = new Mutant("", Invariant.I9, ReportFilesTest::leak).of(GoodHistory.of(3));

    // when
    ReportFiles.write(folder, history, Checker.check(history));

    // then
    var report = Json.parse(Files.readString(folder.resolve(ReportFiles.JSON))).orElseThrow();
    assertThat(report.text("verdict")).contains("VIOLATED");
    assertThat(report.text("repro")).contains("./tally chaos --seed 3 --profile made-up");
    var violation = report.at("violations").elements().getFirst();
    assertThat(violation.text("invariant")).contains("I9");
    assertThat(violation.at("evidence").elements()).hasSize(1);
    assertThat(report.text("notApplicable", "I24")).isPresent();
  }

  @Test
  void shouldWriteOneWellFormedPageThatNeedsNothingElse()
      throws IOException, ParserConfigurationException, SAXException {
    // given
    var history = new Mutant("", Invariant.I9, ReportFilesTest::leak).of(GoodHistory.of(3));

    // when
    ReportFiles.write(folder, history, Checker.check(history));

    // then
    var page = Files.readString(folder.resolve(ReportFiles.HTML));
    assertThat(page)
        .doesNotContain("<script", "src=", "url(", "@import", "<b>left</b>")
        .contains("&lt;b&gt;left&lt;/b&gt;", "prefers-color-scheme: dark", "I28")
        .contains("./tally chaos --seed 3 --profile made-up")
        .contains(">api<", ">processor<", ">runners<", ">brokers<", ">redis<", ">dispatcher<")
        .contains("fault freeze on worker-runner-1", "<circle class=\"bad\"");
    // As XML every tag must be closed, so text from a history opened none.
    var xml = page.replaceFirst("<!DOCTYPE html>", "").replaceAll("<meta ([^>]*)>", "<meta $1/>");
    var closed = xml.replace("<br>", "<br/>");
    var document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new ByteArrayInputStream(closed.getBytes(StandardCharsets.UTF_8)));
    assertThat(document.getElementsByTagName("svg").getLength()).isEqualTo(1);
    assertThat(document.getElementsByTagName("article").getLength()).isEqualTo(1);
  }

  private static void leak(Edit edit) {
    edit.run(run -> WorldMutants.run(run, List.of("<b>left</b> & \"it's\""), List.of()));
  }
}
