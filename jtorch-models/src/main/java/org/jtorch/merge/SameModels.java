package org.jtorch.merge;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;

/// What folders must have in common to be merged.
final class SameModels {
  /// Keys of a configuration that say nothing about what its weights mean.
  private static final Set<String> FREE = Set.of("_name_or_path", "torch_dtype", "dtype", "transformers_version", "use_cache", "bos_token_id",
      "eos_token_id", "pad_token_id", "attention_dropout", "hidden_dropout", "attention_probs_dropout_prob", "hidden_dropout_prob",
      "initializer_range", "_attn_implementation", "max_position_embeddings", "architectures", "id2label", "label2id", "problem_type");
  private static final List<String> TOKENIZERS = List.of("tokenizer.json", "tokenizer.model");
  private static final int SHOWN = 5;

  private SameModels() {}

  static void require(List<Path> folders, boolean anyTokenizer) {
    for (Path other : folders.subList(1, folders.size())) {
      requireConfig(folders.getFirst(), other);
      if (!anyTokenizer) {
        requireTokenizer(folders.getFirst(), other);
      }
    }
  }

  private static void requireConfig(Path first, Path other) {
    JsonNode a = JsonFile.open(first.resolve("config.json")).node();
    JsonNode b = JsonFile.open(other.resolve("config.json")).node();
    var keys = new TreeSet<String>();
    a.properties().forEach(p -> keys.add(p.getKey()));
    b.properties().forEach(p -> keys.add(p.getKey()));
    keys.removeAll(FREE);
    var differing = keys.stream().filter(k -> !Objects.equals(a.get(k), b.get(k))).map(k -> "`" + k + "` is " + a.get(k) + " and " + b.get(k))
        .toList();
    if (!differing.isEmpty()) {
      throw new DataException(first + " and " + other + " are models of different shapes and cannot be merged: " + String.join(", ", differing));
    }
  }

  private static void requireTokenizer(Path first, Path other) {
    for (String name : TOKENIZERS) {
      Path a = first.resolve(name);
      Path b = other.resolve(name);
      if (Files.isRegularFile(a) && Files.isRegularFile(b) && !same(a, b)) {
        throw new DataException(first + " and " + other + " have different tokenizers (" + name + "): a weight for a token of one would be"
            + " averaged with that of another token. Merge models of one tokenizer, or say that the ids mean the same");
      }
    }
  }

  /// The same bytes, or of JSON the same vocabulary, merges and added tokens.
  private static boolean same(Path a, Path b) {
    try {
      if (Files.mismatch(a, b) < 0) {
        return true;
      }
    } catch (IOException e) {
      throw new DataException("cannot compare " + a + " and " + b + ": " + e.getMessage(), e);
    }
    if (!a.toString().endsWith(".json")) {
      return false;
    }
    JsonNode one = JsonFile.open(a).node();
    JsonNode two = JsonFile.open(b).node();
    return one.path("model").equals(two.path("model")) && one.path("added_tokens").equals(two.path("added_tokens"));
  }

  static void requireTensors(List<SafeTensors> files) {
    var first = files.getFirst();
    var problems = new ArrayList<String>();
    for (var other : files.subList(1, files.size())) {
      first.entries().forEach((name, entry) -> {
        var theirs = other.entries().get(name);
        if (theirs == null) {
          problems.add("'" + name + "' is missing in " + other.source());
        } else if (!Arrays.equals(entry.shape(), theirs.shape())) {
          problems.add("'" + name + "' is " + Arrays.toString(entry.shape()) + " and in " + other.source() + " "
              + Arrays.toString(theirs.shape()));
        }
      });
      other.entries().keySet().stream().filter(name -> !first.entries().containsKey(name))
          .forEach(name -> problems.add("'" + name + "' is in " + other.source() + " only"));
    }
    if (!problems.isEmpty()) {
      throw new DataException("the weights of " + first.source() + " do not fit the others: "
          + String.join("; ", problems.subList(0, Math.min(SHOWN, problems.size())))
          + (problems.size() > SHOWN ? "; and " + (problems.size() - SHOWN) + " more" : ""));
    }
  }
}
