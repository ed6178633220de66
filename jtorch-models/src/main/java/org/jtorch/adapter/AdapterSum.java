package org.jtorch.adapter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.TreeSet;
import org.jtorch.family.Pretrained;
import org.jtorch.family.StoredTensor;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.io.SafeTensorsWriter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// One LoRA from several on the same model, `Σ w s B A`, exactly: an adapter whose A stand one below the other and whose `w s B` stand side by
/// side. Its rank is the sum of their ranks, its α as much, so that PEFT multiplies by 1. (Means of A and of B are another thing: their product
/// has mixed terms.) With weights that add up to 1 it is the mean of the models that the adapters make.
///
/// @param folders in PEFT's form; they may differ in rank and α but not in what they are on
/// @param weights what each counts with
public record AdapterSum(List<Path> folders, List<Double> weights) {
  private static final String DOWN = ".lora_A.weight";
  private static final String UP = ".lora_B.weight";

  public AdapterSum {
    folders = List.copyOf(folders);
    weights = List.copyOf(weights);
    if (folders.isEmpty() || folders.size() != weights.size()) {
      throw new IllegalArgumentException(folders.size() + " adapters but " + weights.size() + " weights; give one for each");
    }
    for (double w : weights) {
      if (!Double.isFinite(w)) {
        throw new IllegalArgumentException("a weight of an adapter is " + w + "; give finite numbers");
      }
    }
  }

  /// Whether a folder holds an adapter and no model.
  public static boolean isAdapter(Path folder) {
    return Files.isRegularFile(folder.resolve(PeftFiles.CONFIG));
  }

  /// Writes the sum in PEFT's form, float32.
  ///
  /// @param out a folder that does not exist
  /// @throws DataException if they do not fit together, saying where
  public void write(Path out) {
    var jsons = folders.stream().map(f -> JsonFile.open(f.resolve(PeftFiles.CONFIG))).toList();
    var configs = jsons.stream().map(AdapterSum::plain).toList();
    String base = jsons.getFirst().optString("base_model_name_or_path", "");
    for (var json : jsons) {
      if (!json.optString("base_model_name_or_path", "").equals(base)) {
        throw new DataException(json.path() + " was made for \"" + json.optString("base_model_name_or_path", "") + "\" but " + jsons.getFirst().path()
            + " for \"" + base + "\"; adapters of one model can be summed, and base_model_name_or_path says so");
      }
    }
    var files = new ArrayList<SafeTensors>();
    try {
      folders.forEach(f -> files.add(open(f)));
      var modules = modules(files);
      var ranks = new LinkedHashMap<String, Integer>();
      modules.forEach(m -> ranks.put(m, configs.stream().mapToInt(c -> c.rank(name(m))).sum()));
      var sources = new LinkedHashMap<String, SafeTensorsWriter.Source>();
      for (String module : modules) {
        sources.put(module + DOWN, source(module + DOWN, files, configs, ranks, false));
        sources.put(module + UP, source(module + UP, files, configs, ranks, true));
      }
      long bytes = sources.values().stream().mapToLong(SafeTensorsWriter.Source::byteSize).sum();
      AtomicFolder.publish(out, bytes, into -> PeftFiles.save(into, config(jsons.getFirst(), configs.getFirst(), ranks), sources));
    } finally {
      files.forEach(SafeTensors::close);
    }
  }

  private static LoraConfig plain(JsonFile json) {
    var config = LoraJson.read(json);
    if (config.dora()) {
      throw new DataException(json.path() + ": `use_dora` is true, and what divides by lengths cannot be summed; merge each adapter into the model, then"
          + " merge the models");
    }
    return config;
  }

  @SuppressWarnings("MustBeClosedChecker")                       // write() closes it
  private static SafeTensors open(Path folder) {
    return SafeTensors.open(PeftFiles.weights(folder));
  }

  /// What the adapters are on, with PEFT's prefix, in the order of the first file.
  private static List<String> modules(List<SafeTensors> files) {
    var names = files.getFirst().entries().keySet();
    for (var file : files) {
      if (!file.entries().keySet().equals(names)) {
        var odd = new TreeSet<>(file.entries().keySet());
        odd.removeAll(names);
        var lacking = new TreeSet<>(names);
        lacking.removeAll(file.entries().keySet());
        throw new DataException(file.source() + " is on other products than " + files.getFirst().source() + (odd.isEmpty() ? "" : ": it has " + odd.first())
            + (lacking.isEmpty() ? "" : ": it lacks " + lacking.first()) + "; train them with the same `target_modules`");
      }
    }
    var modules = new ArrayList<String>();
    for (String name : names) {
      if (name.endsWith(DOWN) && names.contains(name.replace(DOWN, UP))) {
        modules.add(name.substring(0, name.length() - DOWN.length()));
      } else if (!name.endsWith(UP)) {
        throw new DataException(files.getFirst().source() + " holds \"" + name + "\", which is no A or B of a LoRA; heads and other trained weights cannot"
            + " be summed with an adapter: merge each into the model, then merge the models");
      }
    }
    return modules;
  }

  /// As the model calls it.
  private static String name(String module) {
    return module.startsWith(Lora.PREFIX) ? module.substring(Lora.PREFIX.length()) : module;
  }

  private SafeTensorsWriter.Source source(String name, List<SafeTensors> files, List<LoraConfig> configs, SequencedMap<String, Integer> ranks, boolean up) {
    String module = name.substring(0, name.length() - (up ? UP : DOWN).length());
    long[] shape = files.getFirst().get(name).shape();
    for (int i = 0; i < files.size(); i++) {
      long[] other = files.get(i).get(name).shape();
      int rank = configs.get(i).rank(name(module));
      if (other.length != 2 || other[up ? 1 : 0] != rank || other[up ? 0 : 1] != shape[up ? 0 : 1]) {
        throw new DataException(files.get(i).source() + ": \"" + name + "\" is " + Arrays.toString(other) + ", which fits neither rank " + rank
            + " nor the other adapters' " + Arrays.toString(shape));
      }
    }
    long r = Objects.requireNonNull(ranks.get(module));
    long[] all = up ? new long[] {shape[0], r} : new long[] {r, shape[1]};
    return new SafeTensorsWriter.Source(DType.F32.name(), all, (SafeTensorsWriter.Out out) -> {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        var each = new Tensor[files.size()];
        for (int i = 0; i < each.length; i++) {
          Tensor stored = Pretrained.stored(files.get(i).get(name)).to(DType.F32);
          each[i] = up ? stored.mul(weights.get(i) * configs.get(i).scale(name(module))) : stored;
        }
        StoredTensor.source(name, Ops.cat(up ? 1 : 0, each), DType.F32).content().writeTo(out);
      }
    });
  }

  private static ObjectNode config(JsonFile json, LoraConfig first, SequencedMap<String, Integer> ranks) {
    int rank = ranks.firstEntry().getValue();
    var otherRanks = new LinkedHashMap<String, Integer>();
    var otherAlphas = new LinkedHashMap<String, Double>();
    ranks.forEach((module, r) -> {
      if (r != rank) {
        otherRanks.put(name(module).replace(".", "\\."), r);
        otherAlphas.put(name(module).replace(".", "\\."), (double) r);
      }
    });
    var config = new LoraConfig(rank, rank, first.targets(), first.exclude(), 0, false, false, LoraConfig.Start.KAIMING, otherRanks, otherAlphas);
    String base = json.optString("base_model_name_or_path", "");
    String task = json.optString("task_type", "");
    return LoraJson.write(config, base.isEmpty() ? null : base, task.isEmpty() ? null : task);
  }
}
