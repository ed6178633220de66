package org.jtorch.longcontext;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.JsonFile;

/// Everything that an extension found and decided so far. Which length it is at and how much it may still train follows from this, so an
/// extension that was cut off goes on from here to the same decisions.
public final class ExtensionLog {
  private final @Nullable Path file;
  private final List<Decision> decisions = new ArrayList<>();
  private ShortContext.@Nullable Score before;
  private Consumer<Decision> heard = _ -> {};

  private ExtensionLog(@Nullable Path file) {
    this.file = file;
  }

  /// A log that is kept nowhere.
  public static ExtensionLog inMemory() {
    return new ExtensionLog(null);
  }

  /// The log in a file, which every change is written to at once; empty if there is no such file.
  public static ExtensionLog at(Path file) {
    var log = new ExtensionLog(file);
    log.read(file);
    return log;
  }

  /// The log in a file, of which nothing is written back: for a process beside the one that does.
  public static ExtensionLog copyOf(Path file) {
    var log = new ExtensionLog(null);
    log.read(file);
    return log;
  }

  private void read(Path from) {
    if (!Files.exists(from)) {
      return;
    }
    var json = JsonFile.open(from);
    json.optObject("before").ifPresent(s -> before = new ShortContext.Score(number(s, "value"), number(s, "standard_error"),
        s.requiredBoolean("lower_is_better")));
    json.objects("decisions").forEach(d -> decisions.add(new Decision(d.requiredInt("length"), d.requiredLong("tokens"),
        number(d, "short_context"), new LongContext.Found(d.requiredLong("found"), d.requiredLong("asked")), d.requiredBoolean("passed"),
        d.requiredString("why"))));
  }

  /// Numbers are texts, as JSON has none that is not finite.
  private static double number(JsonFile json, String key) {
    return Double.parseDouble(json.requiredString(key));
  }

  private void write() {
    if (file != null) {
      JsonFile.write(file, json());
    }
  }

  private ObjectNode json() {
    var node = JsonNodeFactory.instance.objectNode();
    if (before != null) {
      node.putObject("before").put("value", Double.toString(before.value())).put("standard_error", Double.toString(before.standardError()))
          .put("lower_is_better", before.lowerIsBetter());
    }
    var list = node.putArray("decisions");
    decisions.forEach(d -> list.addObject().put("length", d.length()).put("tokens", d.tokens())
        .put("short_context", Double.toString(d.shortContext())).put("found", d.needles().found()).put("asked", d.needles().asked())
        .put("passed", d.passed()).put("why", d.why()));
    return node;
  }

  /// Says who hears of every decision, before it is written down: after a kill in between it is made and heard once more.
  public void tell(Consumer<Decision> listener) {
    heard = listener;
  }

  /// The short-context figure of the model before the extension; null if it is not known yet.
  public ShortContext.@Nullable Score before() {
    return before;
  }

  /// All decisions, in their order.
  public List<Decision> decisions() {
    return List.copyOf(decisions);
  }

  void begin(ShortContext.Score score) {
    before = score;
    write();
  }

  void add(Decision decision) {
    heard.accept(decision);
    decisions.add(decision);
    write();
  }

  /// Forgets what was decided after so many tokens of training, of all lengths: the training that is gone on with has not come there.
  public void returnTo(long tokens) {
    boolean later = false;
    while (total() > tokens) {
      decisions.removeLast();
      later = true;
    }
    if (later) {
      write();
    }
  }

  /// Whether a length is learnt.
  public boolean hasPassed(Rung rung) {
    return decisions.stream().anyMatch(d -> d.length() == rung.length() && d.passed());
  }

  /// Tokens of training at a length so far.
  public long tokens(Rung rung) {
    return decisions.stream().filter(d -> d.length() == rung.length()).mapToLong(Decision::tokens).max().orElse(0);
  }

  /// Tokens of training so far, of all lengths.
  public long total() {
    return total(Integer.MAX_VALUE);
  }

  /// Tokens of training up to the end of a length; null: before the first.
  long total(@Nullable Rung last) {
    return last == null ? 0 : total(last.length());
  }

  private long total(int longest) {
    var tokens = new TreeMap<Integer, Long>();
    decisions.forEach(d -> tokens.merge(d.length(), d.tokens(), Math::max));
    return tokens.headMap(longest, true).values().stream().mapToLong(Long::longValue).sum();
  }
}
