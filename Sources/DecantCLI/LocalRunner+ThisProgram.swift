import Executor
import Foundation

extension LocalRunner {
    /// Starts stages with this very program.
    static func ofThisProgram(options: [String] = []) throws -> LocalRunner {
        let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return LocalRunner(executable: URL(fileURLWithPath: path), options: options)
    }
}
