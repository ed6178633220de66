package org.jtorch.parity;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/// One line of a parity report.
///
/// @param folder the case, relative to the folder that was searched
/// @param what what was compared
/// @param maxAbs the largest absolute difference; NaN where nothing was compared
/// @param maxRel the largest difference in relation to the stored value
/// @param note the tolerance, or why it failed or was left out
public record Row(String folder, String what, double maxAbs, double maxRel, Verdict verdict, String note) {
  /// How a comparison ended.
  public enum Verdict {
    PASS, FAIL,
    /// Not compared, because this version of JTorch does not know the kind of case or the family of the model.
    SKIP,
    /// A difference that nobody judges: another type than the stored one.
    MEASURED
  }

  /// As one line of JSON; differences that are no number are null.
  public String json() {
    ObjectNode node = JsonNodeFactory.instance.objectNode().put("case", folder).put("what", what);
    number(node, "max_abs", maxAbs);
    number(node, "max_rel", maxRel);
    return node.put("verdict", verdict.name()).put("note", note).toString();
  }

  private static void number(ObjectNode node, String key, double value) {
    if (Double.isFinite(value)) {
      node.put(key, value);
    } else {
      node.putNull(key);
    }
  }
}
