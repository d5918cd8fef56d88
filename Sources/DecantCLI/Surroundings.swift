import BuildModel
import Foundation

/// What the program gets from the system by bytes. Swift reads text as UTF-8, and would read another path for one that is not.
enum Surroundings {
    /// What is not UTF-8, and what to do about it; `nil` where all of it is.
    static func fault() -> String? {
        for (index, argument) in UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc)).enumerated() {
            guard let argument, String(validatingCString: argument) == nil else { continue }
            return "argument \(index) is not UTF-8: '\(shown(argument))'; give the file or folder a name in UTF-8"
        }
        for name in ["DECANT_CACHE", "TMPDIR"] {
            guard let value = getenv(name), String(validatingCString: value) == nil else { continue }
            return "the variable \(name) is not UTF-8: '\(shown(value))'; name a folder in UTF-8"
        }
        if let folder = getcwd(nil, 0) {
            defer { free(folder) }
            if String(validatingCString: folder) == nil {
                return "the working directory's name is not UTF-8: '\(shown(folder))'; change to a folder in UTF-8"
            }
        }
        return nil
    }

    private static func shown(_ text: UnsafePointer<CChar>) -> String { FileNames.shown(String(cString: text)) }
}
