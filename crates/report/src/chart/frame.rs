use super::Theme;

/// Where a chart is put: its size, the prefix of its ids, and whether it brings its style along.
///
/// A chart is drawn for a width of so many CSS pixels and then scales with the space it is given. Text that is right at
/// 760 pixels would be unreadable at 360, so that a page that is also read on phones draws each chart twice, with
/// [`Chart::responsive`](crate::Chart::responsive), and lets the style of the page show one of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// Beginning of every id in the SVG, unique on its page: an ASCII letter, then letters, digits, `-` and `_`.
    pub prefix: String,
    /// Width in CSS pixels at which text has its nominal size; 240 to 4,000.
    pub width: u32,
    /// Height in CSS pixels; where there is none, what the content needs.
    pub height: Option<u32>,
    /// What surrounds the chart.
    pub host: Host,
}

/// What surrounds a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// Nothing: the SVG is a file and carries its style and its font. It follows the theme of the reader's system.
    File,
    /// An HTML page that holds [`style_css`](super::style_css) and [`font_face_css`](super::font_face_css) once. The
    /// chart follows `color-scheme`, and the `data-theme` (`light` or `dark`) of any element around it.
    Page,
    /// A program that reads no style sheets, such as an office suite: every shape says its colours itself, which are
    /// those of one theme. The SVG carries no font; text is right in width where DejaVu Sans is installed.
    Flat(Theme),
}

impl Frame {
    /// 760 pixels wide, on a page.
    #[must_use]
    pub fn wide(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), width: 760, height: None, host: Host::Page }
    }

    /// 360 pixels wide, on a page: fewer ticks, larger text for its width, no labels beside the plot.
    #[must_use]
    pub fn phone(prefix: impl Into<String>) -> Self {
        Self { width: 360, ..Self::wide(prefix) }
    }

    /// 760 pixels wide, as a file.
    #[must_use]
    pub fn file() -> Self {
        Self { host: Host::File, ..Self::wide("chart") }
    }

    /// 760 pixels wide, as a file for programs that read no style sheets.
    #[must_use]
    pub fn flat(theme: Theme) -> Self {
        Self { host: Host::Flat(theme), ..Self::wide("chart") }
    }

    /// With another width.
    #[must_use]
    pub fn with_width(mut self, width: u32) -> Self {
        self.width = width;
        self
    }

    /// With a height of its own.
    #[must_use]
    pub fn with_height(mut self, height: u32) -> Self {
        self.height = Some(height);
        self
    }

    /// Whether the chart is laid out for a narrow space: below 520 pixels.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        self.width < 520
    }

    /// Why the frame cannot hold a chart, if it cannot.
    pub(super) fn obstacle(&self) -> Option<String> {
        let mut letters = self.prefix.chars();
        let named = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_');
        if !named {
            Some(format!(
                "the prefix {:?} is not an ASCII letter followed by letters, digits, '-' and '_'",
                self.prefix
            ))
        } else if !(240..=4_000).contains(&self.width) {
            Some(format!("a width of {} pixels is not within 240 to 4,000", self.width))
        } else {
            self.height
                .filter(|height| !(160..=20_000).contains(height))
                .map(|height| format!("a height of {height} pixels is not within 160 to 20,000"))
        }
    }
}

impl Default for Frame {
    /// 760 pixels wide, on a page, with ids that begin with `chart`.
    fn default() -> Self {
        Self::wide("chart")
    }
}
