import CanonicalJSON
import Diagnostics
import Foundation
import Store
import Synchronization

/// The two streams: results go to standard output, progress and diagnostics to standard error.
///
/// Every text passes through `TerminalText`, whoever wrote it: names, messages and rows may come from strangers. Only JSON
/// goes out as it is, and the commands to a terminal that `draw` makes itself.
enum Console {
    /// Prints a result. Where it cannot be written, the program ends with an error: see `endOutput`.
    static func output(_ text: String) { keep(write(TerminalText.shown(text), to: STDOUT_FILENO)) }

    /// Prints a result for programs, as it is.
    static func output(json: JSON, isPretty: Bool = false) {
        keep(write(isPretty ? json.prettyText : json.canonicalText, to: STDOUT_FILENO))
    }

    private static func keep(_ loss: String?) {
        guard let loss else { return }
        lostOutput.withLock { $0 = $0 ?? loss }
    }

    static func progress(_ text: String) { _ = write(TerminalText.shown(completed(text)), to: STDERR_FILENO) }
    static func error(_ text: String) { progress("error: " + text) }

    /// The exact next command: what follows the program's name, and the store that this command was given.
    static func hint(_ arguments: String) { progress("hint: \(command(arguments))") }

    /// A command as this person types it.
    static func command(_ arguments: some StringProtocol) -> String { "\(program) \(arguments)\(repeatedOptions)" }

    /// A text whose commands, which other modules write as `decant fsck` between backticks, are as this person types them.
    static func completed(_ text: String) -> String {
        text.contains("`decant ") ? text.replacing(/`decant ([^`\n]*)`/) { "`\(command($0.1))`" } : text
    }

    /// ` --cache DIR` where this command has it.
    @TaskLocal static var repeatedOptions = ""

    /// The options that every next command needs too.
    static func repeated(of arguments: [String]) -> String {
        let options = arguments.prefix { $0 != "--" }
        for (place, argument) in options.enumerated().reversed() {
            if argument == "--cache", place + 1 < options.count { return " --cache \(ShellWord(options[place + 1]))" }
            if argument.hasPrefix("--cache=") { return " --cache \(ShellWord(String(argument.dropFirst(8))))" }
        }
        return ""
    }

    /// The program as the person called it; the launcher says how.
    static var program: String { ProcessInfo.processInfo.environment["DECANT_PROGRAM"] ?? "decant" }

    /// Text without a line's end, for redrawing, in place of the last lines.
    static func draw(_ text: String, replacing lines: Int) {
        let erasure = lines > 0 ? "\u{1B}[\(lines)A\u{1B}[J" : ""
        try? FileHandle.standardError.write(contentsOf: Data((erasure + TerminalText.shown(text)).utf8))
    }

    /// Whether progress goes to a terminal that can move its cursor.
    static var progressIsTerminal: Bool {
        !["", "dumb"].contains(ProcessInfo.processInfo.environment["TERM"] ?? "") && isatty(STDERR_FILENO) == 1
    }
    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Columns of the terminal; 100 where there is none.
    static var width: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 100
    }

    static var inputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Asks the person at the terminal; anything but `y` and `yes` is a no.
    static func ask(_ question: String) -> Bool {
        draw(question + " [y/N] ", replacing: 0)
        return ["y", "yes"].contains((readLine() ?? "").trimmingCharacters(in: .whitespaces).lowercased())
    }

    /// The system's word for why a result could not be printed.
    private static let lostOutput = Mutex<String?>(nil)

    /// Closes standard output: some file systems say only then that they have no room.
    ///
    /// - Returns: why not all that was printed has arrived; `nil` where it has.
    static func endOutput() -> String? {
        let isClosed = close(STDOUT_FILENO) == 0
        let reason = isClosed ? nil : String(cString: strerror(errno))
        return lostOutput.withLock { $0 } ?? reason
    }

    /// Gives the three streams files where they are closed. Otherwise the first file that is opened takes a stream's number, and
    /// what is printed goes into it.
    static func holdStreams() {
        for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(stream, F_GETFD) < 0 {
            // Each open takes the lowest free number. Standard output cannot be written then, and says so.
            _ = open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// - Returns: why not all was written.
    private static func write(_ text: String, to descriptor: Int32) -> String? {
        var text = text.hasSuffix("\n") ? text : text + "\n"
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                if count < 0, errno == EAGAIN {
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    if poll(&wait, 1, -1) >= 0 || errno == EINTR { continue }
                }
                guard count > 0 else { return String(cString: strerror(errno)) }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
            return nil
        }
    }
}

/// The text of an error that comes from the system without a sentence of Decant's.
enum ErrorText {
    static func of(_ error: any Error) -> String {
        guard let error = error as? CocoaError else { return "\(error)" }
        return error.filePath.map { "\($0): \(reason(of: error))" } ?? reason(of: error)
    }

    /// What the system says, without the place.
    static func reason(of error: CocoaError) -> String {
        let cause = (error.underlying as? POSIXError).map { String(cString: strerror($0.code.rawValue)) }
        return cause ?? error.localizedDescription
    }
}

/// Durations for people.
enum Duration {
    /// `0.4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`.
    static func text(_ seconds: Double) -> String {
        if seconds < 9.95 { return "\((seconds * 10).rounded() / 10) s" }
        // Times of received notes may be anything.
        guard seconds < 1e15 else { return "\(seconds) s" }
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
    func padded(to width: Int) -> String { self + Self.spaces(width - columns) }

    /// A cell of a table's line, with the space after it.
    mutating func append(_ cell: String, columns width: Int) {
        self += cell
        self += Self.spaces(Swift.max(0, width - cell.columns) + 1)
    }

    /// A text of spaces. Tables of very many lines take one for each cell: cutting is faster than repeating.
    private static func spaces(_ count: Int) -> Substring {
        guard count <= blank.utf8.count else { return String(repeating: " ", count: count)[...] }
        return blank[..<blank.utf8.index(blank.startIndex, offsetBy: Swift.max(0, count))]
    }

    private static let blank = String(repeating: " ", count: 256)

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
