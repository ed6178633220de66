package org.jtorch.align.cases;

import java.util.List;
import org.jtorch.parity.CaseKind;

/// All kinds of cases of this module.
public final class AlignCases {
  private AlignCases() {}

  public static List<CaseKind> all() {
    return List.of(new PreferenceCases(), new DpoRunCases(), new PolicyCases(), new KlCases());
  }
}
