package org.jtorch.align.preference;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.data.ShardColumn;
import org.jtorch.data.TokenRow;
import org.jtorch.data.TokenShards;
import org.jtorch.data.TokenShardsWriter;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;

/// Pairs on the disk with their log-probabilities under the reference: a chosen row, then its rejected one, with what each token is beside
/// it. A run that goes on finds them there and needs no reference model.
public final class PairShards {
  private static final String KIND = "token_kind";
  private static final String REFERENCE = "reference_logp";
  private static final int READ = 0;
  private static final int COUNTED = 1;
  private static final int FORMAT = 2;

  private PairShards() {}

  /// @param stop a token that ends texts, for the files' header
  public static void write(Path folder, Tokenizer tokenizer, long stop, List<PreferencePair> pairs) {
    var columns = List.of(new ShardColumn.Spec(KIND, ShardColumn.Per.TOKEN, ShardColumn.Type.I32),
        new ShardColumn.Spec(REFERENCE, ShardColumn.Per.DOCUMENT, ShardColumn.Type.F32));
    try (var writer = TokenShardsWriter.create(folder, tokenizer, tokenizer.token(stop), columns)) {
      for (var pair : pairs) {
        add(writer, pair.chosen());
        add(writer, pair.rejected());
      }
      writer.finish().close();
    }
  }

  private static void add(TokenShardsWriter writer, AnswerRow row) {
    double[] kinds = new double[row.row().ids().length];
    for (int i = 0; i < kinds.length; i++) {
      kinds[i] = row.counts(i) ? COUNTED : row.format() != null && row.format()[i] ? FORMAT : READ;
    }
    writer.addIds(row.row().ids(), 0, Map.of(KIND, kinds, REFERENCE, new double[] {row.reference()}));
  }

  /// The pairs of a folder, to the bit as they were written.
  ///
  /// @throws DataException if they were made with another tokenizer or are damaged
  public static List<PreferencePair> read(Path folder, Tokenizer tokenizer) {
    try (var shards = TokenShards.open(folder).requireTokenizer(tokenizer)) {
      shards.verify();
      if (shards.documents() % 2 != 0) {
        throw new DataException(folder + " holds " + shards.documents() + " rows, which are no pairs; write them again");
      }
      var kinds = shards.column(KIND);
      var reference = shards.column(REFERENCE);
      var pairs = new ArrayList<PreferencePair>();
      for (long d = 0; d < shards.documents(); d += 2) {
        pairs.add(new PreferencePair(row(shards, kinds, reference, d), row(shards, kinds, reference, d + 1)));
      }
      return pairs;
    }
  }

  private static AnswerRow row(TokenShards shards, ShardColumn kinds, ShardColumn reference, long document) {
    int n = Math.toIntExact(shards.length(document));
    long[] ids = new long[n];
    shards.copy(shards.start(document), n, ids, 0);
    float[] weights = new float[n];
    boolean[] format = new boolean[n];
    boolean marked = false;
    for (int i = 0; i < n; i++) {
      int kind = (int) kinds.get(shards.start(document) + i);
      weights[i] = kind == READ ? 0 : 1;
      format[i] = kind == FORMAT;
      marked |= format[i];
    }
    return new AnswerRow(new TokenRow(ids, weights), marked ? format : null, reference.get(document));
  }
}
