defprotocol Price do
  @fallback_to_any true
  def of(item)
end
defmodule Book do
  defstruct [:title, pages: 0]
end
defmodule Pen do
  defstruct color: "blue"
end
defimpl Price, for: Book do
  def of(book), do: book.pages * 10
end
defimpl Price, for: [Integer, Float] do
  def of(n), do: n
end
defimpl Price, for: Any do
  def of(_), do: :unknown
end
defimpl String.Chars, for: Book do
  def to_string(book), do: "Book(#{book.title})"
end
defimpl Inspect, for: Pen do
  import Inspect.Algebra
  def inspect(pen, opts), do: concat(["#Pen<", to_doc(pen.color, opts), ">"])
end
defmodule Shop do
  def main(args) do
    book = %Book{title: "Erlang", pages: 12}
    IO.puts("#{book} costs #{Price.of(book)}")
    IO.inspect([Price.of(3), Price.of(2.5), Price.of("x"), %Pen{}, %{a: 1, b: {:ok, "é"}}])
    IO.inspect(args)
    Enum.each(1..3, fn x -> IO.puts("#{x}: #{x |> Integer.to_string() |> String.pad_leading(3, "0")}") end)
    IO.inspect(Enum.into(%{b: 2, a: 1}, []) |> Enum.sort())
    IO.inspect(for x <- 1..5, rem(x, 2) == 1, into: MapSet.new(), do: x)
    IO.inspect(String.upcase("straße"))
    try do
      Price.of(book) |> Map.fetch!(:x)
    rescue
      e -> IO.puts(Exception.message(e))
    end
  end
end
