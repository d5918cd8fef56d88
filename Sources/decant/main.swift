import DecantCLI
import Foundation

// Before anything waits for a thread.
if let status = CommandLineProgram.prepareProcess() { exit(status) }
exit(await CommandLineProgram.run(arguments: Array(CommandLine.arguments.dropFirst())))
