import Foundation

/// The two streams: results go to standard output, progress and diagnostics to standard error.
enum Console {
    static func output(_ text: String) { write(text, to: .standardOutput) }
    static func progress(_ text: String) { write(text, to: .standardError) }
    static func error(_ text: String) { progress("error: " + text) }

    /// The exact next command: what follows the program's name.
    static func hint(_ arguments: String) { progress("hint: \(program) \(arguments)") }

    /// The program as the person called it; the launcher says how.
    private static var program: String { ProcessInfo.processInfo.environment["DECANT_PROGRAM"] ?? "decant" }

    /// Text without a line's end, for redrawing.
    static func draw(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

    static var progressIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Columns of the terminal; 100 where there is none.
    static var width: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 100
    }

    private static func write(_ text: String, to handle: FileHandle) {
        try? handle.write(contentsOf: Data((text.hasSuffix("\n") ? text : text + "\n").utf8))
    }
}
