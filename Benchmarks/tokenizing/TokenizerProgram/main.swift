// What the scripts that compare tokenizers and chat templates with other libraries run.
//
//     encode FOLDER            lines of JSON strings in, lines of id lists out; FOLDER holds tokenizer.json
//     decode FOLDER            lines of id lists in, lines of [text, text with special tokens] out
//     rewrite FOLDER           the tokenizer.json that the tokenizer read would be saved as
//     template FILE [DAY]      lines of JSON objects with a template's variables in, lines of prompts as JSON strings out; DAY is
//                              what strftime_now gives
//     pieces FOLDER            as `encode`, with the WordPiece tokenizer of an encoder
//     vectors FOLDER           lines of JSON strings in, lines of the encoder's vectors out
//     time FOLDER FILE ROUNDS  megabytes a second of the best round: line by line, and the whole file as one text
import CanonicalJSON
import ChatTemplates
import Engine
import Foundation

func megabytesPerSecond(_ bytes: Int, rounds: Int, _ body: () -> Int) -> Double {
    var best = 0.0
    for _ in 0..<rounds {
        let start = ContinuousClock.now
        guard body() > 0 else { return 0 }
        best = max(best, Double(bytes) / 1e6 / (start.duration(to: .now) / .seconds(1)))
    }
    return best
}

func renderLines(with file: URL, day: TemplateDay?) throws {
    let template = try ChatTemplate(String(decoding: try Data(contentsOf: file), as: UTF8.self))
    while let line = readLine() {
        let variables = (try JSON(parsingAsWritten: line.utf8).object ?? [:]).mapValues { TemplateValue($0) }
        do throws(TemplateError) {
            print(JSON.string(try template.render(variables, day: day)).canonicalText)
        } catch {
            print(JSON.object(["error": .string(error.reason), "line": .integer(Int64(error.line))]).canonicalText)
        }
    }
}

func encodeLines(with folder: URL, pieces: Bool) throws {
    let workers = WorkerPool(threads: 2)
    let encoder = try SentenceEncoder(readingFolder: folder, workers: workers)
    var texts: [String] = []
    while let line = readLine() { texts.append(try JSON(parsing: line).string ?? "") }
    if pieces {
        for text in texts { print(JSON.array(encoder.tokenizer.encode(text).map { .integer(Int64($0)) }).canonicalText) }
    } else {
        for vector in try encoder.embeddings(of: texts, workers: workers) {
            print(JSON.array(vector.values.map { .number(Double($0)) }).canonicalText)
        }
    }
}

func run(_ arguments: [String]) throws {
    guard arguments.count >= 2 else { throw ModelFileError(file: "arguments", reason: "a command and a folder are missing") }
    if arguments[0] == "template" {
        return try renderLines(with: URL(filePath: arguments[1]), day: arguments.dropFirst(2).first.flatMap(TemplateDay.init))
    }
    if ["pieces", "vectors"].contains(arguments[0]) {
        return try encodeLines(with: URL(filePath: arguments[1]), pieces: arguments[0] == "pieces")
    }
    let tokenizer = try Tokenizer(readingFolder: URL(filePath: arguments[1]))
    switch arguments[0] {
    case "encode":
        while let line = readLine() {
            let ids = tokenizer.encode(try JSON(parsing: line).string ?? "")
            print(JSON.array(ids.map { .integer(Int64($0)) }).canonicalText)
        }
    case "decode":
        while let line = readLine() {
            let ids = (try JSON(parsing: line).array ?? []).compactMap(\.integer)
            print(JSON.array([.string(tokenizer.decode(ids)), .string(tokenizer.decodeWithSpecialTokens(ids))]).canonicalText)
        }
    case "rewrite":
        print(tokenizer.tokenizerJSON.canonicalText)
    case "time" where arguments.count == 4:
        let text = String(decoding: try Data(contentsOf: URL(filePath: arguments[2])), as: UTF8.self)
        let lines = text.split(separator: "\n").map(String.init)
        let rounds = Int(arguments[3]) ?? 3
        let byLine = megabytesPerSecond(lines.reduce(0) { $0 + $1.utf8.count }, rounds: rounds) {
            lines.reduce(0) { $0 + tokenizer.encode($1).count }
        }
        let whole = megabytesPerSecond(text.utf8.count, rounds: rounds) { tokenizer.encode(text).count }
        print(String(format: "%.1f %.1f", byLine, whole))
    default: throw ModelFileError(file: "arguments", reason: "there is no command '\(arguments[0])'")
    }
}

do {
    try run(Array(CommandLine.arguments.dropFirst()))
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
}
