import CanonicalJSON
import Files
import Foundation
import Load

/// What the requests of a load ask, one after the other.
struct LoadPrompts {
    /// The questions of a file come again when all have been asked; prompts of a shape never do.
    private enum Source {
        case questions([LoadQuestion])
        case shape(PromptShape, LoadClient.Interface, uniform: (Int, Int) -> Double)
    }

    private let source: Source
    let interface: LoadClient.Interface

    /// Bytes of a file of questions.
    private static let mostBytes = 1 << 30

    /// - Parameter uniform: a random number in [0, 1) for a prompt and a word in it, always the same one.
    init(_ shape: PromptShape, by interface: LoadClient.Interface, uniform: @escaping (Int, Int) -> Double) {
        source = .shape(shape, interface, uniform: uniform)
        self.interface = interface
    }

    /// Reads a file: on each line a query, or JSON with `messages` (and `tools`), `query` or `prompt`.
    init(reading path: String) throws(CommandFailure) {
        let questions = try Self.questions(in: path)
        guard let interface = questions.first?.interface else { throw CommandFailure.badInput("\(path) has no questions") }
        guard questions.allSatisfy({ $0.interface == interface }) else {
            throw CommandFailure.badInput("\(path) mixes conversations and texts to go on with ('prompt'); split the file")
        }
        source = .questions(questions)
        self.interface = interface
    }

    private static func questions(in path: String) throws(CommandFailure) -> [LoadQuestion] {
        let lines = try bytes(of: path).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var questions: [LoadQuestion] = []
        for (index, line) in lines.enumerated() where line.contains(where: { $0 > 0x20 }) {
            questions.append(try question(in: line, place: "\(path):\(index + 1)"))
        }
        return questions
    }

    private static func bytes(of path: String) throws(CommandFailure) -> [UInt8] {
        do throws(FileProblem) {
            return Array(try RegularFile.contents(of: path, limit: mostBytes))
        } catch {
            throw CommandFailure.unreadable(path, error)
        }
    }

    private static func question(in line: ArraySlice<UInt8>, place: String) throws(CommandFailure) -> LoadQuestion {
        guard line.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else {
            guard let text = String(validating: line, as: UTF8.self) else {
                throw CommandFailure.badInput("\(place): the line is not UTF-8")
            }
            return .query(text.trimmingCharacters(in: .whitespaces))
        }
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsingAsWritten: line)
        } catch {
            throw CommandFailure.badInput("\(place): \(error.reason) (column \(error.column))")
        }
        if let messages = json["messages"]?.array { return .chat(messages: messages, tools: json["tools"]?.array ?? []) }
        if let query = json["query"]?.string { return .query(query) }
        if let text = json["prompt"]?.string { return .text(text) }
        throw CommandFailure.badInput("\(place): there is no 'messages', 'query' or 'prompt'")
    }

    subscript(number: Int) -> LoadQuestion {
        switch source {
        case .questions(let questions): return questions[number % questions.count]
        case .shape(let shape, let interface, let uniform):
            let text = shape.prompt(number, uniform: uniform)
            return interface == .chat ? .query(text) : .text(text)
        }
    }
}
