package org.jtorch.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.io.JsonFile;

/// What JTorch knows of a family of models: how its `config.json` reads and writes, and its presets.
public interface Family {
  /// `model_type` in `config.json`.
  String modelType();

  /// Every `model_type` that this family reads.
  default List<String> modelTypes() {
    return List.of(modelType());
  }

  /// The class that transformers loads it with.
  String architecture();

  /// Reads a configuration in today's or the older spelling.
  ///
  /// @throws org.jtorch.io.DataException naming the file, the key and what is supported
  DecoderConfig read(JsonFile config);

  /// The keys of `config.json` beyond the ones that every family shares.
  void write(DecoderConfig config, ObjectNode into);

  /// Named shapes, smallest first.
  SequencedMap<String, DecoderConfig> presets();
}
