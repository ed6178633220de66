package org.jtorch.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.Resume;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CliTest {
  @TempDir Path temp = Path.of("");

  @Named("count")
  record Count(@Doc("how far to count") int steps, @Default("1") int by, @Nullable Path data) {}

  static final class CountType implements RecipeType {
    @Override public String name() {
      return "count";
    }

    @Override public Class<? extends Record> recordType() {
      return Count.class;
    }

    @Override public List<String> problems(Object recipe, Artifacts known) {
      return recipe instanceof Count(_, _, Path data) && data != null ? List.of("`data` file not found: " + data) : List.of();
    }

    @Override public PlanFigures plan(Recipes.Loaded recipe, Artifacts known, PrintWriter out) {
      out.println("counts to " + ((Count) recipe.bound().value()).steps());
      return PlanFigures.NOTHING;
    }

    @Override public int run(Recipes.Loaded recipe, RunArgs args) {
      args.out().println("ran in " + args.folder() + (args.resume() instanceof Resume.Never ? "" : ", resuming"));
      return 0;
    }
  }

  @Named("count-named")
  record CountNamed(String name, int steps) {}

  static final class CountNamedType implements RecipeType {
    @Override public String name() {
      return "count-named";
    }

    @Override public Class<? extends Record> recordType() {
      return CountNamed.class;
    }

    @Override public List<String> problems(Object recipe, Artifacts known) {
      return List.of();
    }

    @Override public PlanFigures plan(Recipes.Loaded recipe, Artifacts known, PrintWriter out) {
      throw new AssertionError("nobody asked for a plan");
    }

    @Override public int run(Recipes.Loaded recipe, RunArgs args) {
      throw new AssertionError("nobody asked for a run");
    }
  }

  static Recipes recipes() {
    return new Recipes(new BuiltInCatalog(CliTest.class.getClassLoader(), "test-recipes"),
        List.of(new CountType(), new CountNamedType()));
  }

  record Result(int code, String out, String err) {}

  static Result jtorch(String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    var line = Main.commandLine(CliTest::recipes, "*").setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int code = line.execute(args);
    return new Result(code, out.toString().replace("\r\n", "\n"), err.toString().replace("\r\n", "\n"));
  }

  @Test void lsHasTwoColumns() {
    assertThat(jtorch("ls")).isEqualTo(new Result(0, """
        RECIPE      PURPOSE
        quickstart  Learn to count, in a second.
        tiny/full   Count further.
        """, ""));
    assertThat(jtorch("ls", "--json").out().replaceAll("\\s+", "")).isEqualTo(
        "[{\"name\":\"quickstart\",\"purpose\":\"Learntocount,inasecond.\"},{\"name\":\"tiny/full\",\"purpose\":\"Countfurther.\"}]");
  }

  @Test void catPrintsTheTextTheResolvedRecipeAndTheSchema() {
    assertThat(jtorch("cat", "quickstart").out()).startsWith("# Learn to count").endsWith("steps: 3\n");
    assertThat(jtorch("cat", "tiny/full", "--resolved").out().replaceAll(" +", " ")).isEqualTo("""
        type: count # quickstart:3:7
        steps: 30 # tiny/full:4:8
        by: 1 # default
        data: data/numbers.bin # tiny/full:5:7
        """);
    assertThat(jtorch("cat", "--config", "quickstart", "--set", "by=2", "steps=4").out().replaceAll(" +", " "))
        .contains("steps: 4 # override", "by: 2 # override");
    assertThat(jtorch("cat", "--schema", "count").out()).contains("\"how far to count\"")
        .isEqualTo(jtorch("cat", "--schema", "quickstart").out());
  }

  @Test void validateReportsProblemsWithExitCode2() {
    assertThat(jtorch("validate", "quickstart")).isEqualTo(new Result(0, "recipe quickstart: no problems (type count)\n", ""));
    assertThat(jtorch("validate", "tiny/full")).isEqualTo(new Result(2, "", """
        recipe tiny/full: 1 problem
          5:7  data  file not found: data/numbers.bin
        nothing was started; exit 2
        """));
    assertThat(jtorch("validate", "quickstart", "setps=1", "by=x")).isEqualTo(new Result(2, "", """
        recipe quickstart: 2 problems
          override  by     expected a whole number such as 1000, got "x"
          override  setps  unknown key; did you mean "steps"?
        nothing was started; exit 2
        """));
  }

  @Test void recipesAreFoundByNameAndByPath() throws IOException {
    var mine = Files.writeString(temp.resolve("mine.yaml"), "extends: ./base.yaml\nby: 3\n");
    Files.writeString(temp.resolve("base.yaml"), "extends: quickstart\nsteps: 9\n");
    assertThat(jtorch("cat", mine.toString(), "--resolved").out()).contains("steps: 9", "base.yaml:2:8", "by: 3");
    assertThat(jtorch("validate", "quickstrat").err()).isEqualTo(
        "error: no recipe named \"quickstrat\"; did you mean \"quickstart\"? (jtorch ls shows all; a file is given as ./quickstrat.yaml)\n");
    assertThat(jtorch("validate", temp.resolve("mein.yaml").toString())).matches(r -> r.code() == 2)
        .extracting(Result::err).asString().contains("recipe file not found: ").contains("did you mean " + mine);
    assertThat(jtorch("validate", temp + "/x.yaml/").err()).contains("recipe file not found");
    assertThat(jtorch("validate", "./", "a=1").err()).contains("is no file");
  }

  @Test void aFileThatIsNoTextIsRefused() throws IOException {
    var bytes = Files.write(temp.resolve("b.yaml"), new byte[] {(byte) 0xff, (byte) 0xfe, 0, 1});
    assertThat(jtorch("validate", bytes.toString()))
        .isEqualTo(new Result(2, "", "error: " + bytes + " is not UTF-8 text, so it is no recipe\n"));
  }

  @Test void typeOfTheRecipeIsChecked() throws IOException {
    var typo = Files.writeString(temp.resolve("t.yaml"), "# x\ntype: cuont\nsteps: 1\n");
    assertThat(jtorch("validate", typo.toString()).err())
        .contains("2:1  type  unknown type of recipe \"cuont\"; did you mean \"count\"?");
    var none = Files.writeString(temp.resolve("n.yaml"), "steps: 1\n");
    assertThat(jtorch("validate", none.toString()).err()).contains("missing key; write type: one of count");
  }

  @Test void cpWritesTheRecipeWithItsSource() throws IOException {
    var file = temp.resolve("my.yaml");
    assertThat(jtorch("cp", "quickstart", temp.resolve("my").toString()))
        .isEqualTo(new Result(0, "Copied file to " + file + "\n", ""));
    assertThat(Files.readString(file, StandardCharsets.UTF_8))
        .matches("(?s)# copied from quickstart \\(sha256 [0-9a-f]{64}\\)\n# Learn to count.*steps: 3\n");
    assertThat(BuiltInCatalog.purpose(Files.readString(file))).isEqualTo("Learn to count, in a second.");
    assertThat(jtorch("validate", file.toString()).code()).isZero();
  }

  @Test void cpNamesTheRecipeAfterTheFile() throws IOException {
    var named = Files.writeString(temp.resolve("old.yaml"), "# Counts.\ntype: count-named\nname: old   # its folder\nsteps: 3\n");
    assertThat(jtorch("cp", named.toString(), temp.resolve("new one").toString()).code()).isZero();
    assertThat(Files.readAllLines(temp.resolve("new one.yaml")).subList(1, 5))
        .containsExactly("# Counts.", "type: count-named", "name: \"new one\"", "steps: 3");
    var heir = Files.writeString(temp.resolve("heir.yaml"), "extends: " + named + "\nsteps: 4\n");
    assertThat(jtorch("cp", heir.toString(), temp.resolve("x").toString()).code()).isZero();
    assertThat(jtorch("cat", temp.resolve("x.yaml").toString(), "--resolved").out()).containsPattern("name: x +#").contains("steps: 4");
  }

  @Test void cpIsCarefulWithFilesAndFolders() throws IOException {
    var file = Files.writeString(temp.resolve("my.yaml"), "mine");
    assertThat(jtorch("cp", "-n", "quickstart", file.toString())).isEqualTo(
        new Result(0, "File already exists at " + file + ", not overwriting.\n", ""));
    assertThat(file).hasContent("mine");
    var deep = temp.resolve("a/b/c.yaml");
    assertThat(jtorch("cp", "tiny/full", deep.toString())).matches(r -> r.code() == 2 && r.err()
        .contains("Use --make-parents to make it."));
    assertThat(jtorch("cp", "--make-parents", "tiny/full", deep.toString()).code()).isZero();
    assertThat(jtorch("cp", "tiny/full", temp.resolve("a/b").toString()).out())
        .isEqualTo("Copied file to " + deep.resolveSibling("full.yaml") + "\n");
    assertThat(jtorch("cp", "nope", "x.yaml")).isEqualTo(new Result(2, "",
        "error: Invalid file name: nope. Try `jtorch ls` to see all available files to copy.\n"
            + "no recipe named \"nope\" (jtorch ls shows all; a file is given as ./nope.yaml)\n"));
  }

  @Test void wrongUseIsExplained() {
    assertThat(jtorch("validat", "x")).matches(r -> r.code() == 2 && r.err().contains("did you mean: validate"));
    assertThat(jtorch("ls", "--jsno")).matches(r -> r.code() == 2 && r.err().contains("--json") && r.err()
        .contains("try: jtorch ls --help"));
    assertThat(jtorch("cat")).matches(r -> r.code() == 2 && r.err()
        .startsWith("error: no recipe is given; e.g. jtorch cat ./my.yaml"));
    assertThat(jtorch()).matches(r -> r.code() == 2 && r.err().contains("no command is given"));
  }

  @Test void verboseShowsTheStackTrace() {
    assertThat(jtorch("cat", "nope").err())
        .isEqualTo("error: no recipe named \"nope\" (jtorch ls shows all; a file is given as ./nope.yaml)\n");
    assertThat(jtorch("cat", "nope", "-v").err()).contains("at org.jtorch.recipes").contains("error: no recipe named");
    assertThat(jtorch("-v", "cat", "nope").err()).contains("at org.jtorch.recipes");
  }

  @Test void helpAndVersion() {
    assertThat(jtorch("--help")).matches(r -> r.code() == 0 && r.out().contains("validate") && r.out()
        .contains("130   interrupted"));
    assertThat(jtorch("cp", "--help")).matches(r -> r.code() == 0 && r.out().contains("--make-parents"));
    assertThat(jtorch("--version").out()).startsWith("jtorch ").endsWith("(Java " + Runtime.version().feature() + ")\n");
  }

  @Test void helpOfACommandIsThatOfItsOption() {
    assertThat(jtorch("help")).isEqualTo(jtorch("--help"));
    assertThat(jtorch("help", "cp")).isEqualTo(jtorch("cp", "--help"));
    assertThat(jtorch("help", "rnu")).isEqualTo(new Result(2, "",
        "error: there is no command \"rnu\"; did you mean \"run\"?\n"));
  }

  @Test void helpIsTheSameWithoutLoadingTheCommands() {
    var out = new StringWriter();
    var light = Main.commandLine(() -> {
      throw new AssertionError("a command was created");
    }, "").setOut(new PrintWriter(out));
    assertThat(light.execute("--help")).isZero();
    assertThat(out.toString().replace("\r\n", "\n")).isEqualTo(jtorch("--help").out());
  }
}
