package org.jtorch.recipes.cli;

/// What the launcher runs once after a build, so that the JVM's start-up cache holds the classes of the help and of a run.
/// Not a command.
final class WarmUp {
  private WarmUp() {}

  /// @param args the command to run after the help
  public static void main(String... args) {
    var _ = Main.run("--help");
    var _ = Main.run("ls");
    System.exit(Main.run(args));
  }
}
