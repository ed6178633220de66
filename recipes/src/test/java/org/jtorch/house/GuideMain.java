package org.jtorch.house;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jtorch.adapter.Lora;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.adapter.Targets;
import org.jtorch.family.Pretrained;
import org.jtorch.recipes.cli.Main;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;

/// Types the commands of a file one after the other, in a folder that is this process's, and prints the exit code of each.
final class GuideMain {
  /// What makes a run small; keys that a command sets itself, and those of a block that it replaces, are left to it.
  private static final Map<String, String> SMALL = Map.ofEntries(Map.entry("data.seq_len", "32"), Map.entry("data.held_out_bytes", "3000"),
      Map.entry("tokenizer.vocab_size", "300"), Map.entry("tokenizer.sample_bytes", "50000"), Map.entry("model.dim", "16"),
      Map.entry("model.layers", "1"), Map.entry("model.heads", "2"), Map.entry("model.kv_heads", "2"), Map.entry("model.hidden", "32"),
      Map.entry("model.max_positions", "128"),
      Map.entry("train.batch", "4"), Map.entry("train.steps", "4"), Map.entry("train.schedule.warmup", "1"),
      Map.entry("eval.new_tokens", "3"), Map.entry("eval.every", "0"), Map.entry("save.every", "0"), Map.entry("dtype", "f32"));

  private GuideMain() {}

  /// @param args a file of commands, one a line
  public static void main(String[] args) throws Exception {
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      var words = words(line);
      if (line.contains("path/to/model") || line.contains("FOLDER") || line.contains("my.txt")) {
        aFolderOfOnesOwn();
      }
      int pipe = words.indexOf("|");
      String input = pipe < 0 ? "/bye\n" : String.join(" ", words.subList(1, pipe)) + "\n";
      System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
      int code = Main.run(small(words.subList(words.indexOf("./jtorch") + 1, words.size())).toArray(String[]::new));
      System.out.println("\nCODE " + code + " " + line);
    }
  }

  private static List<String> small(List<String> command) {
    boolean trains = List.of("run", "plan", "validate", "data", "distill").contains(command.getFirst());
    if (!trains) {
      return command;
    }
    var all = new ArrayList<>(command);
    SMALL.forEach((key, value) -> {
      String block = key.contains(".") ? key.substring(0, key.indexOf('.')) : key;
      boolean goesOn = command.get(1).equals("continue") && List.of("model", "tokenizer").contains(block);
      boolean own = goesOn || command.stream().anyMatch(w -> w.startsWith(key + "=") || w.startsWith(block + "={") || w.equals("~" + block)
          || key.equals("train.steps") && w.equals("--steps"));
      if (!own) {
        all.add(key + "=" + value);
      }
    });
    return all;
  }

  /// What the guide calls FOLDER, my-adapter, my.jinja, my.txt and my-task.yaml.
  private static void aFolderOfOnesOwn() throws Exception {
    Path model = Path.of("path/to/model");
    if (Files.exists(model)) {
      return;
    }
    Files.createDirectories(model.getParent());
    for (Path copy : List.of(model, Path.of("FOLDER"))) {
      try (var files = Files.list(Path.of("runs/quickstart/model"))) {
        Files.createDirectories(copy);
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Files.copy(file, copy.resolve(file.getFileName()));
        }
      }
    }
    Files.write(Path.of("my.txt"), IntStream.range(0, 90)
        .mapToObj(i -> "It was a dark and stormy night, and the rain fell in torrents on the roofs of house " + i + ".\n").toList());
    Files.writeString(Path.of("my.jinja"), "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant: ");
    Files.copy(Path.of("my.jinja"), Path.of("FOLDER/chat_template.jinja"));
    Files.writeString(Path.of("my-questions.csv"), "q,a,b,n\nThe Commission,must,house,0\nWe need,green,to,1\n");
    Files.writeString(Path.of("my-task.yaml"), "type: multiple-choice\ndata: {path: my-questions.csv}\nprompt: \"{{ q }}\"\n"
        + "choices: \"{{ [a, b] | tojson }}\"\ngold: \"{{ n }}\"\n");
    try (var decoder = Pretrained.load(model, Device.CPU, DType.F32);
         var lora = Lora.apply(decoder, LoraConfig.of(2, 4, new Targets.AllLinear()), Rng.of(1))) {
      lora.save(Path.of("my-adapter"), model.toString());
    }
  }

  /// As a shell splits a line: quotes hold words together, ` #` begins a comment.
  private static List<String> words(String line) {
    var words = new ArrayList<String>();
    var word = new StringBuilder();
    boolean open = false;
    char quote = 0;
    for (char c : (line + " ").toCharArray()) {
      if (quote == 0 && c == '#' && !open) {
        break;
      }
      if (c == quote) {
        quote = 0;
      } else if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
        open = true;
      } else if (quote != 0 || c != ' ') {
        word.append(c);
        open = true;
      } else if (open) {
        words.add(word.toString());
        word.setLength(0);
        open = false;
      }
    }
    return words;
  }
}
