package org.jtorch.distill;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.jtorch.data.RowSource;
import org.jtorch.decoder.CausalLm;
import org.jtorch.io.JsonFile;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.TensorScope;
import org.jtorch.text.Tokenizer;

/// What captured targets are of: what must be the same for another process to go on, or for a student to learn from them.
///
/// @param rowsHash of the rows' tokens and bounds, see [#hash(RowSource)]
/// @param teacherHash of some of the teacher's logits
record CaptureIdentity(CaptureSettings settings, int vocab, long tokenizer, long rows, int seqLen, long rowsHash, long teacherHash) {
  private static final int LOOKED_AT = 64;

  static CaptureIdentity of(CaptureSettings settings, CausalLm teacher, RowSource rows, Tokenizer tokenizer) {
    return new CaptureIdentity(settings, tokenizer.vocabSize(), tokenizer.fingerprint(), rows.rows(), rows.seqLen(), hash(rows), hash(teacher));
  }

  /// A hash of how many rows there are and of some of them, evenly spread.
  static long hash(RowSource rows) {
    var crc = new CRC32C();
    long[] tokens = new long[rows.seqLen() + 1];
    int[] segments = new int[rows.seqLen() + 1];
    var bytes = ByteBuffer.allocate(tokens.length * 12);
    long n = Math.min(LOOKED_AT, rows.rows());
    for (long i = 0; i < n; i++) {
      rows.row(i * rows.rows() / n, tokens, segments);
      bytes.clear();
      for (int t = 0; t < tokens.length; t++) {
        bytes.putLong(tokens[t]).putInt(segments[t]);
      }
      crc.update(bytes.flip());
    }
    return crc.getValue();
  }

  /// Another teacher, or the same one trained on, says something else of the same few tokens.
  private static long hash(CausalLm teacher) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var ids = Ops.arange(0, Math.min(8, teacher.vocabSize()), teacher.device()).view(1, -1);
      var crc = new CRC32C();
      for (float logit : teacher.apply(ids, Pass.EMPTY).reshape(-1).toFloats()) {
        int bits = Float.floatToRawIntBits(logit);
        for (int shift = 0; shift < 32; shift += 8) {
          crc.update(bits >>> shift);
        }
      }
      return crc.getValue();
    }
  }

  ObjectNode json() {
    return JsonNodeFactory.instance.objectNode().put("reduction", settings.reduction().name().toLowerCase(Locale.ROOT)).put("k", settings.k())
        .put("batch", settings.batch()).put("seed", settings.seed()).put("vocab", vocab).put("tokenizer", tokenizer).put("rows", rows)
        .put("seq_len", seqLen).put("rows_hash", rowsHash).put("teacher_hash", teacherHash);
  }

  /// True if a file says the same.
  boolean is(JsonFile file) {
    var mine = json();
    return mine.propertyStream().allMatch(entry -> entry.getValue().asText().equals(file.node().path(entry.getKey()).asText()));
  }
}
