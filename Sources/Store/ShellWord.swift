/// A word as a shell takes it.
package struct ShellWord: CustomStringConvertible {
    private let text: String

    package init(_ text: String) { self.text = text }

    package var description: String {
        text.wholeMatch(of: /[A-Za-z0-9_.,:\/@%+=-]+/) != nil ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
