import Foundation

/// What was asked on the command line.
struct FuzzArguments {
    var lists = false
    var targets: [String] = []
    var seconds = 10.0
    var seed: UInt64 = 1
    var findings = ".build-fuzz/findings"
    var repeated: String?
    /// The file that a child shares with its parent.
    var child: String?
    /// The number of a child's first input.
    var first = 0

    init(_ words: some Sequence<String>) {
        var words = Array(words)[...]
        while let word = words.popFirst() {
            switch word {
            case "--list": lists = true
            case "--target": words.popFirst().map { targets.append($0) }
            case "--seconds": seconds = words.popFirst().flatMap(Double.init) ?? seconds
            case "--seed": seed = words.popFirst().flatMap { UInt64($0) } ?? seed
            case "--findings": findings = words.popFirst() ?? findings
            case "--repeat": repeated = words.popFirst()
            case "--child": child = words.popFirst()
            case "--first": first = words.popFirst().flatMap { Int($0) } ?? first
            default:
                FileHandle.standardError.write(Data("ParserFuzzer: '\(word)' has no meaning\n".utf8))
                exit(2)
            }
        }
    }
}

/// Writes a line at once.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
