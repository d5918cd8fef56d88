import Diagnostics

/// The transfer notation as it is written: `KD*[0.5FKL+0.5CE](steps: 500)+RL`, every part with its place.
///
///     notation = step { "+" step }
///     step     = word [ "*" ] [ "[" term { "+" term } "]" ] [ "(" option { "," option } ")" ]
///     term     = [ number ] word [ "(" number ")" ]
///     option   = word ":" value
struct TransferSyntax {
    struct Part {
        var text: String
        /// Bytes of the notation.
        var range: Range<Int>
    }

    struct Step {
        var method: Part
        var star: Part?
        /// Empty where there are no brackets.
        var terms: [Term] = []
        var brackets: Range<Int>?
        var options: [Option] = []
    }

    struct Term {
        var weight: Part?
        var loss: Part
        var argument: Part?
    }

    struct Option {
        var name: Part
        var value: Part
    }

    /// Where the notation cannot be read on.
    struct Failure: Error {
        var message: String
        var range: Range<Int>
        var help: String?
    }

    var steps: [Step]
}
