import Foundation

extension StageContext {
    /// Adds a line to the stage's log, which is its standard error.
    package func log(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
}
