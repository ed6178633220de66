package org.jtorch.align.chats;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jtorch.data.RowSource;
import org.jtorch.data.ShardColumn;
import org.jtorch.data.TokenRow;
import org.jtorch.data.TokenShards;
import org.jtorch.data.TokenShardsWriter;
import org.jtorch.text.Tokenizer;

/// Rows on the disk, with what each token counts beside it: for packing, where several short conversations share a row and see nothing of
/// each other.
///
/// ```java
/// try (var shards = RowShards.write(folder, tokenizer, stop, encoder.rows(conversations, problems))) {
///   var batches = new TokenBatches(seed, 8, RowShards.packed(shards, 2_047));
///   new Pretrainer(model, optimizer, batches, options).fit(...);
/// }
/// ```
public final class RowShards {
  private static final String WEIGHT = "loss_weight";

  private RowShards() {}

  /// @param stop a token that ends texts, for the files' header
  public static TokenShards write(Path folder, Tokenizer tokenizer, long stop, List<TokenRow> rows) {
    var column = new ShardColumn.Spec(WEIGHT, ShardColumn.Per.TOKEN, ShardColumn.Type.F32);
    try (var writer = TokenShardsWriter.create(folder, tokenizer, tokenizer.token(stop), List.of(column))) {
      rows.forEach(row -> writer.addIds(row.ids(), 0, Map.of(WEIGHT, weights(row))));
      return writer.finish();
    }
  }

  private static double[] weights(TokenRow row) {
    double[] weights = new double[row.ids().length];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = row.weights() == null ? 1 : row.weights()[i];
    }
    return weights;
  }

  /// Whole conversations, several a row, kept apart by the document mask.
  ///
  /// @param seqLen inputs of a row; one less than the tokens that the longest conversation has, or it is cut into pieces
  public static RowSource packed(TokenShards shards, int seqLen) {
    return RowSource.packed(shards, seqLen, shards.column(WEIGHT));
  }
}
