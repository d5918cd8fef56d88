import CanonicalJSON
import Engine
import Files
import Foundation

/// A question that `run` asks a model.
struct RunQuery {
    var text: String
    var background: RowBackground
    /// What to choose from, where the query says it.
    var options: [String]?
    /// What is to be ranked, where the query says it.
    var document: String?
    /// Of a line of a file that has one.
    var id: String?
    /// Where it stands; `nil` for the command line's own.
    var place: String?
}

extension RunQuery {
    /// What stands before every query.
    ///
    /// - Parameter context: JSON, or the path of a file of it.
    static func shared(instructions: String?, context: String?) throws -> RowBackground {
        var background = RowBackground(instructions: "", context: [])
        if let context {
            let isText = context.drop(while: \.isWhitespace).hasPrefix("[")
            let bytes = isText ? Array(context.utf8) : try contents(of: context)
            let name = isText ? "--context" : context
            do {
                guard let messages = try JSON(parsing: bytes).array else { throw RowError("this is no list of messages") }
                background = try read(messages)
            } catch {
                throw CommandFailure.badInput("\(name): \(error)")
            }
        }
        if let instructions {
            background.instructions = [instructions, background.instructions].filter { !$0.isEmpty }.joined(separator: "\n\n")
        }
        return background
    }

    /// A line of JSON: a text, or an object with `query`, or with `messages` that end with the user's.
    init(line: JSON, place: String, after shared: RowBackground) throws(RowError) {
        self.place = place
        background = shared
        if let text = line.string {
            self.text = text
            return
        }
        id = line["id"]?.string ?? line["id"]?.integer.map(String.init)
        options = try line["options"].map { options throws(RowError) in
            guard let list = options.array, case let texts = list.compactMap(\.string), texts.count == list.count else {
                throw RowError("'options' is no list of texts")
            }
            return texts
        }
        document = line["document"]?.string
        if let messages = line["messages"]?.array {
            guard let last = messages.last, last["role"]?.string == "user", let content = last["content"]?.string else {
                throw RowError("'messages' must end with a message of the user's, which is the query")
            }
            text = content
            background.add(try Self.read(Array(messages.dropLast())))
        } else if let query = line["query"]?.string {
            text = query
            if let context = line["context"]?.array { background.add(try Self.read(context)) }
        } else {
            throw RowError("the line has no 'query' and no 'messages'")
        }
        if let instructions = line["instructions"]?.string {
            background.add(RowBackground(instructions: instructions, context: []))
        }
    }

    /// System messages are instructions, all others come before the query.
    private static func read(_ messages: [JSON]) throws(RowError) -> RowBackground {
        let messages = try messages.map(ChatMessage.init(json:))
        return RowBackground(
            instructions: messages.filter { $0.role == .system }.map(\.content).joined(separator: "\n\n"),
            context: messages.filter { $0.role != .system })
    }

    /// Does something for the query; what is wrong with it is told with its place.
    func blamed<Result>(_ body: () throws(RowError) -> Result) throws(CommandFailure) -> Result {
        do {
            return try body()
        } catch {
            throw CommandFailure.badInput("\(place.map { "\($0): " } ?? "")\(error)")
        }
    }

    fileprivate static func contents(of path: String) throws -> [UInt8] {
        do throws(FileProblem) {
            return try RegularFile.contents(of: path, limit: 1 << 30)
        } catch {
            throw CommandFailure.unreadable(path, error)
        }
    }
}

extension RowBackground {
    fileprivate mutating func add(_ other: RowBackground) {
        instructions = [instructions, other.instructions].filter { !$0.isEmpty }.joined(separator: "\n\n")
        context += other.context
    }
}

/// Where queries come from: the command line, a file, or standard input.
struct RunQueries {
    /// Queries that are answered together.
    private static let groupSize = 64

    let query: String?
    let file: String?
    let background: RowBackground
    /// Whether each query is JSON.
    let isJSON: Bool

    /// Calls `body` with groups of queries, in order. What comes from standard input is answered as it comes.
    func forEachGroup(_ body: ([RunQuery]) throws -> Void) throws {
        if let query, query != "-" {
            guard isJSON, query.utf8.first == UInt8(ascii: "{") else {
                return try body([RunQuery(text: query, background: background)])
            }
            guard let parsed = try self.query(in: Array(query.utf8)[...], at: "the query", isJSON: true) else { return }
            return try body([parsed])
        }
        if let file {
            let content = try RunQuery.contents(of: file)
            var group: [RunQuery] = []
            let isJSON = isJSON || file.hasSuffix(".jsonl")
            for (index, line) in content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
                guard let query = try self.query(in: line, at: "\(file), line \(index + 1)", isJSON: isJSON) else { continue }
                group.append(query)
                if group.count == Self.groupSize {
                    try body(group)
                    group = []
                }
            }
            if !group.isEmpty { try body(group) }
            return
        }
        if query == nil, isatty(STDIN_FILENO) == 1 {
            throw CommandFailure.badInput("give a query, --file FILE, or '-' to write queries line by line")
        }
        var lines = InputLines()
        var number = 0
        while let ready = lines.next(upTo: Self.groupSize) {
            let queries = try ready.compactMap { line in
                number += 1
                return try self.query(in: line[...], at: "standard input, line \(number)", isJSON: isJSON)
            }
            if !queries.isEmpty { try body(queries) }
        }
    }

    /// The query on a line; `nil` for a blank one.
    private func query(in line: ArraySlice<UInt8>, at place: String, isJSON: Bool) throws -> RunQuery? {
        guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { return nil }
        do {
            if isJSON { return try RunQuery(line: JSON(parsing: line), place: place, after: background) }
        } catch {
            throw CommandFailure.badInput("\(place): \((error as? JSONError)?.reason ?? "\(error)")")
        }
        guard let text = String(validating: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self) else {
            throw CommandFailure.badInput("\(place): this is not UTF-8")
        }
        return RunQuery(text: text, background: background, place: place)
    }
}

/// The lines of standard input, as many at a time as are there.
private struct InputLines {
    private var rest: [UInt8] = []
    private var hasEnded = false

    /// At least one line, waiting for it; `nil` at the end.
    mutating func next(upTo most: Int) -> [[UInt8]]? {
        var lines: [[UInt8]] = []
        while lines.count < most {
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(Array(rest[..<end]))
                rest.removeFirst(end + 1)
            } else if hasEnded {
                if !rest.isEmpty { lines.append(rest) }
                rest = []
                break
            } else if lines.isEmpty || isReady {
                read()
            } else {
                break
            }
        }
        return lines.isEmpty ? nil : lines
    }

    private var isReady: Bool {
        var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return poll(&input, 1, 0) > 0
    }

    private mutating func read() {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
        if count < 0, errno == EINTR { return }
        if count <= 0 { hasEnded = true } else { rest += buffer[..<count] }
    }
}
