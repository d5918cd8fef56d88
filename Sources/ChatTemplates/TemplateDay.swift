/// A day that `strftime_now` of a template gives, at its first second.
package struct TemplateDay: Hashable, Sendable {
    private let year: Int
    private let month: Int
    private let day: Int

    /// Reads `2026-01-31`; nil where this is no day of the calendar.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2], parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        else {
            return nil
        }
        let numbers = parts.compactMap { Int($0) }
        (year, month, day) = (numbers[0], numbers[1], numbers[2])
        guard year > 0, (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day) else { return nil }
    }

    private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private static func days(in month: Int, of year: Int) -> Int {
        month == 2 ? isLeap(year) ? 29 : 28 : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    /// The number of the day in its year, from 1.
    private var dayOfYear: Int { (1..<month).reduce(day) { $0 + Self.days(in: $1, of: year) } }

    /// 0 is Sunday.
    private var weekday: Int {
        let before = year - 1
        return (before + before / 4 - before / 100 + before / 400 + dayOfYear) % 7
    }

    /// The text of C's `strftime` in the locale C; `-` takes leading zeros away.
    func text(_ format: String, _ budget: TemplateBudget) throws(TemplateError) -> String {
        var result = ""
        var rest = Array(format.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            let isBare = rest.first == "-"
            if isBare { rest.removeFirst() }
            guard let letter = rest.popFirst(), let text = field(letter, isBare ? 0 : 2) else {
                throw budget.failure("strftime_now has a field of '\(format)' that is not supported")
            }
            result += text
        }
        return result
    }

    private func field(_ letter: Unicode.Scalar, _ width: Int) -> String? {
        func padded(_ number: Int, _ digits: Int = 2) -> String {
            let text = String(number)
            return String(repeating: "0", count: width == 0 ? 0 : max(0, digits - text.utf8.count)) + text
        }
        switch letter {
        case "Y": return padded(year, 1)
        case "y": return padded(year % 100)
        case "C": return padded(year / 100)
        case "m": return padded(month)
        case "d": return padded(day)
        case "e": return width == 0 ? String(day) : day < 10 ? " \(day)" : String(day)
        case "j": return padded(dayOfYear, 3)
        case "B": return Self.months[month - 1]
        case "b", "h": return String(Self.months[month - 1].prefix(3))
        case "A": return Self.weekdays[weekday]
        case "a": return String(Self.weekdays[weekday].prefix(3))
        case "w": return String(weekday)
        case "u": return String(weekday == 0 ? 7 : weekday)
        case "F": return "\(padded(year, 1))-\(padded(month))-\(padded(day))"
        case "D", "x": return "\(padded(month))/\(padded(day))/\(padded(year % 100))"
        case "H", "M", "S": return padded(0)
        case "I": return "12"
        case "p": return "AM"
        case "T", "X": return "00:00:00"
        case "R": return "00:00"
        case "f": return "000000"
        case "Z", "z": return ""
        case "n": return "\n"
        case "t": return "\t"
        case "%": return "%"
        default: return nil
        }
    }
}
