package org.jtorch.recipes.doctor;

import jdk.incubator.vector.FloatVector;

/// Java's vector instructions, which the fused kernels are written in.
final class Vectors {
  static final String MODULE = "jdk.incubator.vector";

  private Vectors() {}

  static boolean present() {
    return ModuleLayer.boot().findModule(MODULE).isPresent();
  }

  static String describe() {
    return present() ? MODULE + ", " + Species.bits() + " bit" : "plain twins: start the JVM with --add-modules=" + MODULE;
  }

  /// Loaded only where the module is there.
  private static final class Species {
    static int bits() {
      return FloatVector.SPECIES_PREFERRED.vectorBitSize();
    }
  }
}
