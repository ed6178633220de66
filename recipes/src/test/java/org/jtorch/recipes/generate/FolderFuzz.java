package org.jtorch.recipes.generate;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.chat.ChatTemplate;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;

/// Opens damaged model folders, one after another: each opens, and encodes and decodes, or is refused by a [DataException].
/// Anything else ends the program with exit code 1 and the seed. [FolderFuzzTest] runs it in the build; by hand, for a long
/// time, with the class path of the tests:
///
/// `java ... org.jtorch.recipes.generate.FolderFuzz WORK-FOLDER FIRST-SEED COUNT`
public final class FolderFuzz {
  private static final List<String> TEXTS = List.of("", "hello world", "Hello, W\u00f6rld! <|im_end|><s>x <tool> word 12345",
      "\ud83e\udd8a\ufb01 \u4f60\u597d\u0000\u2581 ", "hhhhhhhhhhhhhhhhhhhhhhh", "\ufffd\u200b-l-l");
  private static final long[][] IDS = {{}, {0}, {1, 2, 3}, {5, 5, 300, 301, 302, 9999}, {0xC3, 0xA9, 0xF0, 2, 1}};
  /// What a conversation is rendered with is fuzzed elsewhere: here its file is only read, now and then.
  private static final int TEMPLATE_EVERY = 8;

  /// A thousand times what a folder takes: longer is a hang.
  private static final long HANG_MILLIS = 5_000;

  private FolderFuzz() {}

  public static void main(String... args) throws IOException {
    Path work = Path.of(args[0]);
    long first = Long.parseLong(args[1]);
    long count = Long.parseLong(args[2]);
    var folders = folders(work);
    var current = current(work.resolve("seed"));
    Map<String, Long> outcomes = new LinkedHashMap<>();
    long slowest = 0;
    for (long seed = first; seed < first + count; seed++) {
      current.putLong(0, seed);
      long begun = System.nanoTime();
      outcomes.merge(outcome(folders, seed), 1L, Long::sum);
      long millis = (System.nanoTime() - begun) / 1_000_000;
      slowest = Math.max(slowest, millis);
      if (millis > HANG_MILLIS) {
        throw new IllegalStateException("the folder of seed " + seed + " took " + millis + " ms");
      }
    }
    IO.println(count + " folders: " + outcomes + ", the slowest took " + slowest + " ms");
  }

  private static MappedByteBuffer current(Path file) throws IOException {
    try (var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, Long.BYTES);
    }
  }

  private static String outcome(List<FuzzedFolder> folders, long seed) {
    int which = Math.floorMod(seed, folders.size());
    try {
      folders.get(which).damage(seed);
      open(folders.get(which).path(), seed);
      return "opened";
    } catch (DataException e) {
      return e.getMessage() == null || e.getMessage().isBlank() ? "refused without a word" : "refused";
    } catch (RuntimeException | Error e) {
      throw new IllegalStateException("seed " + seed + ": " + e, e);
    }
  }

  private static void open(Path folder, long seed) {
    try (var model = LocalModel.open(folder, "cpu", "auto")) {
      var tokenizer = model.tokenizer();
      for (String text : TEXTS) {
        var _ = tokenizer.encode(text, true);
        var _ = tokenizer.encodeText(text);
      }
      for (long[] ids : IDS) {
        var _ = tokenizer.decode(ids, true);
      }
      if (seed % TEMPLATE_EVERY == 0) {
        var _ = ChatTemplate.load(folder);
      }
    }
    if (TensorScope.stats().live() > 0) {
      throw new IllegalStateException(TensorScope.stats().live() + " tensors are left");
    }
  }

  /// A small Llama in one file, in shards, and with a tokenizer of another format.
  private static List<FuzzedFolder> folders(Path work) throws IOException {
    var bpe = BpeTrainer.train(List.of("hello world, the cat sat on the mat"), BpeTrainer.Options.of(270));
    var shape = Llama.shape(bpe.tokens().size(), 16, 32, 1, 2, 1, 8, 32,
        new Rope(10_000, new RopeScaling.Llama3(8, 1, 4, 16)), 1e-5, false);
    var parts = new ObjectMapper().readTree(Objects.requireNonNull(FolderFuzz.class.getResource("/fuzz/tokenizer-parts.json")));
    var folders = new ArrayList<FuzzedFolder>();
    for (String kind : List.of("whole", "shards", "tiktoken")) {
      Path folder = Files.createDirectories(work.resolve(kind));
      bpe.save(folder, 32);
      try (var model = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(1))) {
        Pretrained.save(model, folder, DType.F32, null, kind.equals("shards") ? 4096 : Pretrained.SHARD_BYTES);
      }
      Files.writeString(folder.resolve("special_tokens_map.json"),
          "{\"eos_token\": {\"content\": \"<|endoftext|>\"}, \"additional_special_tokens\": [\"he\"]}");
      Files.writeString(folder.resolve("added_tokens.json"), "{\"<extra>\": 270}");
      if (kind.equals("tiktoken")) {
        tiktoken(folder);
      }
      folders.add(new FuzzedFolder(folder, parts));
    }
    return folders;
  }

  private static void tiktoken(Path folder) throws IOException {
    var lines = new ArrayList<String>();
    for (int b = 0; b < 256; b++) {
      lines.add(Base64.getEncoder().encodeToString(new byte[] {(byte) b}) + " " + b);
    }
    lines.add(Base64.getEncoder().encodeToString("he".getBytes(StandardCharsets.US_ASCII)) + " 256");
    Files.write(folder.resolve("tokenizer.model"), lines);
    Files.writeString(folder.resolve("tokenizer_config.json"), """
        {"bos_token": "<s>", "add_bos_token": true, "added_tokens_decoder": {"257": {"content": "<s>", "special": true}}}""");
    Files.delete(folder.resolve("tokenizer.json"));
    Files.delete(folder.resolve("added_tokens.json"));
  }
}
