package org.jtorch.head;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.jtorch.encoder.Roberta;
import org.jtorch.family.Families;
import org.jtorch.family.Family;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;

/// Classifiers, regressors and reward models as Hugging Face folders, in and out. What is written loads in transformers as
/// `...ForSequenceClassification`.
///
/// ```java
/// try (var reward = Classifiers.begin(languageModel, Labels.SCORE, Device.best(), DType.BF16, Rng.of(0))) {
///   train(reward);
///   Classifiers.save(reward, folder, DType.BF16, languageModel);
/// }
/// ```
public final class Classifiers {
  static final String CONFIG = "config.json";
  static final String ARCHITECTURE = "ForSequenceClassification";

  private Classifiers() {}

  /// Loads a classifier; its weights take the type of the file unless one is given.
  ///
  /// @throws DataException for another kind of model, and listing all missing, unexpected and misshapen tensors at once
  @MustBeClosed
  public static Classifier load(Path folder, Device device, @Nullable DType dtype) {
    return load(folder.resolve(CONFIG), folder, device, dtype);
  }

  /// Loads weights for the configuration in another file.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static Classifier load(Path configFile, Path weights, Device device, @Nullable DType dtype) {
    var json = JsonFile.open(configFile);
    requireHead(json);
    return ClassifierWeights.load(declare(json, Labels.read(json)), weights, device, dtype, Optional.empty());
  }

  /// Puts a fresh head on a pretrained model: a language model, an encoder, or a classifier whose head is left behind.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static Classifier begin(Path folder, Labels labels, Device device, @Nullable DType dtype, Rng rng) {
    var json = JsonFile.open(folder.resolve(CONFIG));
    return ClassifierWeights.load(declare(json, labels), folder, device, dtype, Optional.of(rng));
  }

  /// Whether a folder holds a classifier, by what its configuration says of itself.
  public static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(CONFIG)) && isHead(architectures(JsonFile.open(folder.resolve(CONFIG))));
  }

  /// The outputs of the classifier in a folder.
  public static Labels labels(Path folder) {
    return Labels.read(JsonFile.open(folder.resolve(CONFIG)));
  }

  /// Writes a classifier into an existing folder.
  ///
  /// @param dtype the type in the file
  /// @param companions a folder whose tokenizer files and special token ids are copied along, or null
  public static void save(Classifier model, Path folder, DType dtype, @Nullable Path companions) {
    ClassifierWeights.save(model, folder, dtype, companions);
  }

  @SuppressWarnings("MustBeClosedChecker")     // declares, allocates nothing
  private static Classifier declare(JsonFile json, Labels labels) {
    String type = json.requiredString("model_type");
    try {
      if (Roberta.modelTypes().contains(type)) {
        return new EncoderClassifier(Roberta.read(json), labels);
      }
      if (!Families.knows(type)) {
        throw new DataException(json.path() + ": `model_type` is \"" + type + "\", which no classifier head fits; supported: "
            + String.join(", ", modelTypes()));
      }
      return new DecoderClassifier(Families.of(json).read(json), labels, padToken(json));
    } catch (IllegalArgumentException e) {
      throw new DataException(json.path() + ": " + e.getMessage(), e);
    }
  }

  /// A negative one stands for none in older files.
  private static @Nullable Integer padToken(JsonFile json) {
    int pad = json.has("pad_token_id") ? json.requiredInt("pad_token_id") : -1;
    return pad < 0 ? null : pad;
  }

  /// The values of `model_type` that a head can be put on.
  public static List<String> modelTypes() {
    var types = new ArrayList<>(Roberta.modelTypes());
    Families.all().stream().map(Family::modelTypes).forEach(types::addAll);
    return List.copyOf(types);
  }

  private static void requireHead(JsonFile json) {
    var classes = architectures(json);
    if (!classes.isEmpty() && !isHead(classes)) {
      throw new DataException(json.path() + ": `architectures` is " + classes + ", which has no classification head; supported: "
          + "..." + ARCHITECTURE + ". Classifiers.begin puts a fresh head on such a model");
    }
  }

  private static List<String> architectures(JsonFile json) {
    return json.has("architectures") ? json.requiredStrings("architectures") : List.of();
  }

  private static boolean isHead(List<String> classes) {
    return classes.stream().anyMatch(c -> c.endsWith(ARCHITECTURE));
  }
}
