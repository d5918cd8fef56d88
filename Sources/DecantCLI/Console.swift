import Foundation

/// The two streams: results go to standard output, progress and diagnostics to standard error.
enum Console {
    static func output(_ text: String) { write(text, to: .standardOutput) }
    static func progress(_ text: String) { write(text, to: .standardError) }
    static func error(_ text: String) { progress("error: " + text) }

    /// The exact next command: what follows the program's name.
    static func hint(_ arguments: String) { progress("hint: \(program) \(arguments)") }

    /// The program as the person called it; the launcher says how.
    static var program: String { ProcessInfo.processInfo.environment["DECANT_PROGRAM"] ?? "decant" }

    /// Text without a line's end, for redrawing.
    static func draw(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

    static var progressIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Columns of the terminal; 100 where there is none.
    static var width: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 100
    }

    static var inputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Asks the person at the terminal; anything but `y` and `yes` is a no.
    static func ask(_ question: String) -> Bool {
        draw(question + " [y/N] ")
        return ["y", "yes"].contains((readLine() ?? "").trimmingCharacters(in: .whitespaces).lowercased())
    }

    private static func write(_ text: String, to handle: FileHandle) {
        try? handle.write(contentsOf: Data((text.hasSuffix("\n") ? text : text + "\n").utf8))
    }
}

/// The text of an error that comes from the system without a sentence of Decant's.
enum ErrorText {
    static func of(_ error: any Error) -> String {
        guard let error = error as? CocoaError else { return "\(error)" }
        let cause = (error.underlying as? POSIXError).map { String(cString: strerror($0.code.rawValue)) }
        let reason = cause ?? error.localizedDescription
        return error.filePath.map { "\($0): \(reason)" } ?? reason
    }
}

/// Durations for people.
enum Duration {
    /// `0.4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`.
    static func text(_ seconds: Double) -> String {
        if seconds < 9.95 { return "\((seconds * 10).rounded() / 10) s" }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(String(whole % 60).leftPadded(to: 2, with: "0")) s" }
        return "\(whole / 3600) h \(String(whole / 60 % 60).leftPadded(to: 2, with: "0")) min"
    }
}

/// Sizes for people, in powers of 1024.
struct ByteCount {
    let bytes: Int

    private static let units = ["B", "KiB", "MiB", "GiB", "TiB"]

    /// Reads `512MiB`, `6GiB`, `6G`, `1.5 GiB`, or bytes alone; `nil` for anything else.
    init?(_ text: String) {
        guard let match = text.wholeMatch(of: /([0-9]{1,12}(?:\.[0-9]{1,3})?) ?([KMGT]?)(?:iB|B)?/.ignoresCase()),
            let number = Double(match.1)
        else { return nil }
        let power = Self.units.firstIndex { $0.hasPrefix(match.2.uppercased()) && !match.2.isEmpty } ?? 0
        let bytes = number * Double(1 << (10 * power))
        guard bytes >= 1, bytes < Double(Int.max) else { return nil }
        self.bytes = Int(bytes)
    }

    static func text(_ bytes: Int) -> String {
        var value = Double(bytes)
        for unit in units.prefix(3) {
            if value < 1024 { return unit == "B" ? "\(bytes) B" : "\((value * 10).rounded() / 10) \(unit)" }
            value /= 1024
        }
        return "\((value * 100).rounded() / 100) GiB"
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - columns)) }

    /// Columns that the text takes: its characters, which for plain ASCII are its bytes.
    var columns: Int { utf8.allSatisfy { $0 < 128 } ? utf8.count : count }

    func leftPadded(to width: Int, with character: Character = " ") -> String {
        String(repeating: character, count: max(0, width - columns)) + self
    }

    var trimmingTrailingSpace: String {
        var end = utf8.endIndex
        while end > utf8.startIndex, utf8[utf8.index(before: end)] == UInt8(ascii: " ") { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
