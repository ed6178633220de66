package org.jtorch.recipes.generate;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.jtorch.adapter.Lora;
import org.jtorch.decoder.CausalLm;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.family.Pretrained;
import org.jtorch.family.StoredType;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.io.DataException;
import org.jtorch.io.SafeTensors;
import org.jtorch.recipes.pretrain.MachineSpeed;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.text.Tokenizer;

/// A model folder, ready to write text.
///
/// ```java
/// try (var model = LocalModel.open(folder, "best", "auto")) {
///   var prompt = model.tokenizer().encode("Once upon a time", true);
///   var answer = model.answer(prompt, model.options(64, Sampling.GREEDY, 1), System.out::print);
/// }
/// ```
public final class LocalModel implements AutoCloseable {
  private final Path texts;
  private final Decoder model;
  private final @Nullable Lora adapter;
  private final Tokenizer tokenizer;
  private final Set<Long> stopTokens;

  private LocalModel(Path texts, Decoder model, @Nullable Lora adapter, Tokenizer tokenizer, Set<Long> stopTokens) {
    this.texts = texts;
    this.model = model;
    this.adapter = adapter;
    this.tokenizer = tokenizer;
    this.stopTokens = stopTokens;
  }

  /// @param device as [Device#parse] reads it
  /// @param dtype as [DType#parse] reads it, or `auto`: the type of the file, unless this device is faster in another
  /// @throws DataException if the folder, or a file in it, is missing or broken
  @MustBeClosed
  public static LocalModel open(Path folder, String device, String dtype) {
    return open(folder, device, dtype, null);
  }

  /// The same with a LoRA adapter on it.
  ///
  /// @param folder of a model, of an adapter that names its model, or of a run that left one
  /// @param adapter a folder of PEFT's, or null
  /// @throws DataException if a folder, or a file in it, is missing or broken, or the adapter belongs to another model
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static LocalModel open(Path folder, String device, String dtype, @Nullable Path adapter) {
    var place = ModelPlace.of(folder, adapter);
    var config = Pretrained.config(place.weights());
    var tokenizer = Tokenizer.load(place.texts());
    try {
      var stop = StopTokens.of(place.texts(), tokenizer);
      Device on = Device.parse(device);
      DType stored = stored(config, place.weights());
      Decoder model = model(config, place.weights(), on, type(dtype, stored, on), stored);
      return new LocalModel(place.texts(), model, adapter(model, place.adapter()), tokenizer, stop);
    } catch (RuntimeException | Error e) {
      tokenizer.close();
      throw e;
    }
  }

  /// Null for none; what fails closes the model.
  @SuppressWarnings("MustBeClosedChecker")     // closed by the model that it is on
  private static @Nullable Lora adapter(Decoder model, @Nullable Path folder) {
    try {
      return folder == null ? null : Lora.load(model, folder);
    } catch (RuntimeException | Error e) {
      model.close();
      throw e;
    }
  }

  /// On the CPU in the file's own type the mapped file is the model's memory; else the weights are copied.
  @MustBeClosed
  private static Decoder model(DecoderConfig config, Path folder, Device device, DType type, DType stored) {
    return !device.isCuda() && type == stored ? Pretrained.open(config, folder) : Pretrained.load(config, folder, device, type);
  }

  private static DType type(String name, DType stored, Device device) {
    if (!name.equals("auto")) {
      return floating(name);
    }
    return stored.isHalf() && !device.isCuda() ? MachineSpeed.fastest(device) : stored;
  }

  /// Of a file without any weight of this model loading tells what is wrong.
  private static DType stored(DecoderConfig config, Path folder) {
    try (var file = SafeTensors.open(folder); var declared = new Decoder(config)) {
      return StoredType.find(file, declared.weights().keySet()).orElse(DType.F32);
    }
  }

  private static DType floating(String name) {
    DType type = DType.parse(name);
    if (!type.isFloating()) {
      throw new IllegalArgumentException("a model cannot run in " + type + "; use auto, bf16 or f32");
    }
    return type;
  }

  /// Refuses a dtype that no model can run in, without loading anything.
  public static void checkDtype(String name) {
    if (!name.equals("auto")) {
      var _ = floating(name);
    }
  }

  /// The model itself, which closes with this.
  public CausalLm model() {
    return model;
  }

  /// The folder of tokenizer, chat template and stop tokens.
  public Path texts() {
    return texts;
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /// Ids that end an answer.
  public Set<Long> stopTokens() {
    return stopTokens;
  }

  /// The longest prompt and answer together.
  public int maxPositions() {
    return model.maxPositions();
  }

  /// Where and in what type it runs, as in `cpu, f32`.
  public String place() {
    return model.device() + ", " + model.dtype();
  }

  public Options options(int maxNewTokens, Sampling sampling, long seed) {
    return new Options(maxNewTokens, sampling, stopTokens, seed, 0);
  }

  /// Continues one prompt; `sink` gets the text in pieces as it is made. Prompt and text together are a text, the space between
  /// them included.
  public Answer answer(long[] prompt, Options options, Consumer<String> sink) {
    return write(prompt, prompt, options, sink);
  }

  /// As [#answer], but what comes after the prompt is a text of its own: a turn of a conversation.
  public Answer reply(long[] prompt, Options options, Consumer<String> sink) {
    return write(prompt, new long[0], options, sink);
  }

  private Answer write(long[] prompt, long[] before, Options options, Consumer<String> sink) {
    var stream = new AnswerStream(tokenizer, before, options.stopTokens(), sink);
    var _ = new Generator(model).generate(List.of(prompt), options, (_, id, _) -> stream.token(id));
    return stream.end();
  }

  /// Continues prompts of different lengths as one batch.
  public List<Answer> answers(List<long[]> prompts, Options options) {
    var streams = new ArrayList<AnswerStream>();
    prompts.forEach(p -> streams.add(new AnswerStream(tokenizer, p, options.stopTokens(), _ -> {})));
    var _ = new Generator(model).generate(prompts, options, (row, id, _) -> streams.get(row).token(id));
    return streams.stream().map(AnswerStream::end).toList();
  }

  @Override public void close() {
    try {
      if (adapter != null) {
        adapter.close();
      }
      model.close();
    } finally {
      tokenizer.close();
    }
  }
}
