package org.jtorch.align.sampling;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.MustBeClosed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.chat.Chat;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonValues;

/// What rejection sampling writes: `answers.jsonl` with the best answers as conversations, `pairs.jsonl` with the best beside the worst, if
/// asked for, and `manifest.jsonl` with a line for every prompt: all its answers' rewards, and why one won or none did.
///
/// A batch is written data first and manifest last, so that a line of the manifest says that its data are there; what a killed process left
/// behind that is cut off when the files are opened again.
public final class SampleFiles implements AutoCloseable {
  public static final String ANSWERS = "answers.jsonl";
  public static final String PAIRS = "pairs.jsonl";
  public static final String MANIFEST = "manifest.jsonl";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final FileChannel answers;
  private final @Nullable FileChannel pairs;
  private final FileChannel manifest;
  private final Map<String, Integer> topics = new HashMap<>();

  private SampleFiles(Path folder, boolean withPairs) throws IOException {
    this.folder = folder;
    Files.createDirectories(folder);
    answers = open(folder.resolve(ANSWERS));
    pairs = withPairs ? open(folder.resolve(PAIRS)) : null;
    manifest = open(folder.resolve(MANIFEST));
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /// Opens, or makes, the files of a folder.
  ///
  /// @param withPairs whether there are pairs, too
  @MustBeClosed
  public static SampleFiles open(Path folder, boolean withPairs) {
    try {
      return new SampleFiles(folder, withPairs);
    } catch (IOException e) {
      throw DataException.cannotWrite(folder, e);
    }
  }

  /// Whether a folder holds what rejection sampling leaves.
  public static boolean isIn(Path folder) {
    return Files.isRegularFile(folder.resolve(MANIFEST)) && Files.isRegularFile(folder.resolve(ANSWERS));
  }

  /// Whether there are pairs among it.
  public static boolean hasPairs(Path folder) {
    return Files.isRegularFile(folder.resolve(PAIRS));
  }

  /// How many answers there are.
  public static long rows(Path folder) {
    try (var lines = Files.lines(folder.resolve(ANSWERS), UTF_8)) {
      return lines.count();
    } catch (IOException e) {
      throw new DataException("cannot read " + folder.resolve(ANSWERS) + ": " + e.getMessage(), e);
    }
  }

  // ---- going on

  /// Cuts off what is behind the last whole batch. Doing so again changes nothing.
  ///
  /// @return how many batches are there
  public long begin(int batch, int prompts) {
    try {
      var lines = wholeLines(folder.resolve(MANIFEST));
      int done = lines.size() >= prompts ? prompts : lines.size() / batch * batch;
      int kept = 0;
      int paired = 0;
      topics.clear();
      for (String line : lines.subList(0, done)) {
        JsonNode said = JSON.readTree(line);
        if (said.path("kept").booleanValue()) {
          kept++;
          paired += said.hasNonNull("worst") ? 1 : 0;
          topics.merge(said.path("topic").asText(""), 1, Integer::sum);
        }
      }
      cut(manifest, MANIFEST, done);
      cut(answers, ANSWERS, kept);
      if (pairs != null) {
        cut(pairs, PAIRS, paired);
      }
      return Math.ceilDiv((long) done, batch);
    } catch (IOException e) {
      throw new DataException("cannot go on in " + folder + ": " + e.getMessage() + "; remove it to begin again", e);
    }
  }

  /// Lines that end with a line break; what follows the last one was never finished.
  private static List<String> wholeLines(Path file) throws IOException {
    String text = Files.readString(file, UTF_8);
    return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
  }

  private void cut(FileChannel file, String name, int lines) throws IOException {
    var whole = wholeLines(folder.resolve(name));
    if (whole.size() < lines) {
      throw new IOException(name + " has " + whole.size() + " rows, and its manifest says " + lines);
    }
    long bytes = whole.subList(0, lines).stream().mapToLong(line -> line.getBytes(UTF_8).length + 1L).sum();
    file.truncate(bytes);
    file.position(bytes);
  }

  // ---- topics

  boolean isFull(@Nullable String topic, int most) {
    return most > 0 && topics.getOrDefault(topic == null ? "" : topic, 0) >= most;
  }

  /// Counts one of a topic, unless there are as many as may be.
  boolean take(@Nullable String topic, int most) {
    if (isFull(topic, most)) {
      return false;
    }
    topics.merge(topic == null ? "" : topic, 1, Integer::sum);
    return true;
  }

  // ---- writing

  void write(List<Choice> choices) {
    try {
      var kept = choices.stream().filter(Choice::isKept).toList();
      append(answers, kept, SampleFiles::answer);
      if (pairs != null) {
        append(pairs, kept.stream().filter(c -> c.worst() != Choice.NONE).toList(), SampleFiles::pair);
      }
      append(manifest, choices, SampleFiles::account);
    } catch (IOException e) {
      throw DataException.cannotWrite(folder, e);
    }
  }

  private static void append(FileChannel file, List<Choice> choices, Function<Choice, JsonNode> row) throws IOException {
    var text = new StringBuilder();
    for (var choice : choices) {
      text.append(text(row.apply(choice))).append('\n');
    }
    var bytes = ByteBuffer.wrap(text.toString().getBytes(UTF_8));
    while (bytes.hasRemaining()) {
      var _ = file.write(bytes);
    }
    file.force(false);
  }

  private static String text(JsonNode row) {
    try {
      return JSON.writeValueAsString(row);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a row of plain values", e);
    }
  }

  private static JsonNode answer(Choice choice) {
    var turns = new ArrayList<>(choice.prompt().chat().messages());
    turns.add(said(choice, choice.best()));
    return choice.prompt().chat().withMessages(turns).toJson();
  }

  private static Message said(Choice choice, int sample) {
    return new Message("assistant", choice.samples().get(sample).text());
  }

  private static JsonNode pair(Choice choice) {
    ObjectNode row = JsonNodeFactory.instance.objectNode();
    Chat chat = choice.prompt().chat();
    row.set("prompt", chat.toJson().path("messages"));
    row.set("chosen", Chat.of(List.of(said(choice, choice.best()))).toJson().path("messages"));
    row.set("rejected", Chat.of(List.of(said(choice, choice.worst()))).toJson().path("messages"));
    if (chat.tools() != null) {
      row.set("tools", JsonValues.json(chat.tools()));
    }
    return row.put("margin", choice.samples().get(choice.best()).total() - choice.samples().get(choice.worst()).total());
  }

  private static JsonNode account(Choice choice) {
    ObjectNode row = JsonNodeFactory.instance.objectNode();
    Prompt prompt = choice.prompt();
    row.put("prompt", choice.number()).put("place", prompt.place()).put("kept", choice.isKept());
    if (prompt.topic() != null) {
      row.put("topic", prompt.topic());
    }
    if (choice.isKept()) {
      row.put("best", choice.best());
    }
    if (choice.worst() != Choice.NONE) {
      row.put("worst", choice.worst());
    }
    row.put("why", choice.why());
    var samples = row.putArray("answers");
    for (var sample : choice.samples()) {
      var one = samples.addObject().put("round", sample.round()).put("temperature", sample.temperature()).put("tokens", sample.answer().length())
          .put("stopped", sample.answer().isComplete());
      var worth = one.putObject("rewards");
      sample.worth().forEach((name, value) -> number(worth, name, value));
      number(one, "total", sample.total());
      if (sample.dropped() != null) {
        one.put("dropped", sample.dropped());
      }
    }
    return row;
  }

  /// JSON has no NaN.
  private static void number(ObjectNode into, String name, double value) {
    if (Double.isFinite(value)) {
      into.put(name, value);
    } else {
      into.putNull(name);
    }
  }

  @Override public void close() {
    try (answers; manifest) {
      if (pairs != null) {
        pairs.close();
      }
    } catch (IOException e) {
      throw DataException.cannotWrite(folder, e);
    }
  }
}
