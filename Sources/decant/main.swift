import DecantCLI
import Foundation

exit(await CommandLineProgram.run(arguments: Array(CommandLine.arguments.dropFirst())))
